//! Preferences (RFC 7240, RFC 8144).

use dav::xml::name::{caldav, dav};

use crate::client::{HOME, PERSONAL, Server, event};

const SHOW: &str = "Prefer: return=representation";

#[tokio::test]
async fn what_was_put_is_shown_to_who_asks() {
    let server = Server::new().await;
    let path = format!("{PERSONAL}a.ics");
    let text = event("a", "SUMMARY:Tea");
    let made = server.send(&format!("PUT {path}"), &[SHOW], &text).await.expect(201);
    assert_eq!(made.text(), text);
    assert_eq!(made.header("preference-applied"), Some("return=representation"));
    assert_eq!(made.header("content-location"), Some(path.as_str()));
    assert!(made.header("content-type").is_some_and(|kind| kind.starts_with("text/calendar")));
    let tag = made.header("etag").unwrap().to_owned();
    let again = server.send(&format!("PUT {path}"), &[SHOW, &format!("If-Match: {tag}")], &text).await;
    assert_eq!(again.expect(200).text(), text);
    let json = server.send(&format!("PUT {path}"), &[SHOW, "Accept: application/calendar+json"], &text).await;
    assert!(json.expect(200).text().starts_with("[\"vcalendar\""));
    // Without the wish, nothing.
    let plain = server.send(&format!("PUT {path}"), &["Prefer: return=minimal"], &text).await.expect(204);
    assert_eq!(plain.header("preference-applied"), Some("return=minimal"));
    assert!(plain.octets.is_empty());
}

#[tokio::test]
async fn a_condition_that_does_not_hold_shows_what_is_there() {
    let server = Server::new().await;
    let path = format!("{PERSONAL}a.ics");
    let text = event("a", "SUMMARY:Tea");
    let tag = server.put("a.ics", &text).await.unwrap();
    for condition in ["If-Match: \"other\"", "If-None-Match: *"] {
        let answer = server.send(&format!("PUT {path}"), &[SHOW, condition], event("a", "SUMMARY:x")).await;
        let answer = answer.expect(412);
        assert_eq!((answer.text(), answer.header("etag")), (text.clone(), Some(tag.as_str())));
        assert_eq!(answer.header("preference-applied"), Some("return=representation"));
        assert!(answer.headers.get_all("vary").iter().any(|value| value == "Brief, Prefer"));
        let plain =
            server.send(&format!("PUT {path}"), &[condition], event("a", "SUMMARY:x")).await.expect(412);
        assert_ne!(plain.text(), text);
    }
    // There is nothing to show where nothing is.
    server
        .send(&format!("PUT {PERSONAL}b.ics"), &[SHOW, "If-Match: \"x\""], event("b", "SUMMARY:x"))
        .await
        .expect(412);
}

#[tokio::test]
async fn a_calendar_is_made_with_a_word_on_each_property() {
    let server = Server::new().await;
    let body = "<C:mkcalendar xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns='DAV:'><set><prop>\
                <displayname>New</displayname><getetag>x</getetag></prop></set></C:mkcalendar>";
    let quiet =
        server.send(&format!("MKCALENDAR {HOME}one/"), &["Prefer: return=minimal"], body).await.expect(201);
    assert!(quiet.octets.is_empty());
    let told = server.send(&format!("MKCALENDAR {HOME}two/"), &[SHOW], body).await.expect(201);
    assert_eq!(told.header("preference-applied"), Some("return=representation"));
    let xml = told.xml();
    assert!(xml.is(caldav("mkcalendar-response")));
    let statuses: Vec<String> =
        xml.all(dav("propstat")).map(|part| part.first(dav("status")).unwrap().text()).collect();
    assert_eq!(statuses, ["HTTP/1.1 200 OK", "HTTP/1.1 403 Forbidden"]);
}

#[tokio::test]
async fn brief_and_without_the_root() {
    let server = Server::new().await;
    let body = "<propfind xmlns='DAV:'><prop><resourcetype/><x:none xmlns:x='x:'/></prop></propfind>";
    let all = server.send(&format!("PROPFIND {HOME}"), &["Depth: 1"], body).await.expect(207);
    assert!(all.text().contains("404") && all.hrefs()[0] == HOME);
    for headers in [["Depth: 1", "Brief: t"], ["Depth: 1", "Prefer: return=minimal"]] {
        let brief = server.send(&format!("PROPFIND {HOME}"), &headers, body).await.expect(207);
        assert!(!brief.text().contains("404"));
        assert_eq!(brief.header("preference-applied"), Some("return=minimal"));
        assert_eq!(brief.header("vary"), Some("Brief, Prefer"));
    }
    let headers = ["Depth: 1", "Prefer: return=minimal, depth-noroot"];
    let members = server.send(&format!("PROPFIND {HOME}"), &headers, body).await.expect(207);
    assert!(!members.hrefs().contains(&HOME.to_owned()));
    assert_eq!(members.header("preference-applied"), Some("return=minimal, depth-noroot"));
    let body =
        "<propertyupdate xmlns='DAV:'><set><prop><displayname>x</displayname></prop></set></propertyupdate>";
    let set =
        server.send(&format!("PROPPATCH {PERSONAL}"), &["Prefer: return=minimal"], body).await.expect(204);
    assert_eq!(set.header("preference-applied"), Some("return=minimal"));
}
