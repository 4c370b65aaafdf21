//! Devices that are told of changes (WebDAV-Push, draft-bitfire-webdav-push).

use dav::xml::name::push as p;

use crate::client::{Server, event, propfind};

const WORK: &str = "/dav/calendars/ada/work/";
const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

fn register(resource: &str, more: &str) -> String {
    format!(
        "<push-register xmlns=\"https://bitfire.at/webdav-push\"><subscription><web-push-subscription>\
         <push-resource>{resource}</push-resource><client-public-key type=\"p256dh\">{KEY}</client-public-key>\
         <auth-secret>BTBZMqHH6r4Tts7J_aSIgg</auth-secret></web-push-subscription></subscription>{more}</push-register>"
    )
}

#[tokio::test]
async fn calendars_say_how_devices_are_told() {
    let server = Server::new();
    let options = server.send(&format!("OPTIONS {WORK}"), &[], "").await.expect(200);
    assert!(options.header("dav").unwrap().split(", ").any(|class| class == "webdav-push"));
    let body = propfind(&["D:displayname"]).replace(
        "<D:displayname/>",
        "<P:transports xmlns:P=\"https://bitfire.at/webdav-push\"/><P:topic xmlns:P=\"https://bitfire.at/webdav-push\"/>\
         <P:supported-triggers xmlns:P=\"https://bitfire.at/webdav-push\"/>",
    );
    let found = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &body).await.expect(207);
    let (_, transports) = found.property(WORK, p("transports"));
    let key = transports.first(p("web-push")).unwrap().first(p("vapid-public-key")).unwrap().clone();
    assert_eq!((key.text().as_str(), key.attribute("type")), ("BPublicKey", Some("p256ecdsa")));
    let topic = found.text_of(WORK, p("topic"));
    assert!(topic.len() >= 16 && !topic.contains("work"), "{topic}");
    let (_, triggers) = found.property(WORK, p("supported-triggers"));
    assert!(triggers.first(p("content-update")).is_some());
    let home = server.send("PROPFIND /dav/calendars/ada/", &["Depth: 0"], &body).await.expect(207);
    assert_eq!(home.property("/dav/calendars/ada/", p("topic")).0, 404);
}

#[tokio::test]
async fn a_subscription_is_made_renewed_and_ended() {
    let server = Server::new();
    let post = format!("POST {WORK}");
    let body = register("https://push.example/a", "");
    let made = server.send(&post, &["Content-Type: application/xml"], &body).await.expect(204);
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(location, "/dav/push/ada/work/one");
    assert!(made.header("expires").unwrap().ends_with(" GMT"));
    assert_eq!(server.memory.subscriptions.lock().unwrap()[0].1.public_key.len(), 65);
    let until = "<expires>Fri, 01 Jan 2100 00:00:00 GMT</expires>";
    let body = register("https://push.example/a", until);
    let renewed = server.send(&post, &["Content-Type: application/xml"], &body).await.expect(204);
    assert_eq!(renewed.header("expires"), Some("Fri, 01 Jan 2100 00:00:00 GMT"));
    let wrong = register("https://push.example/a", "<expires>soon</expires>");
    server.send(&post, &["Content-Type: application/xml"], &wrong).await.expect(400);

    let options = server.send(&format!("OPTIONS {location}"), &[], "").await.expect(200);
    assert_eq!(options.header("allow"), Some("OPTIONS, DELETE"));
    server.send(&format!("GET {location}"), &[], "").await.expect(405);
    server.send_as_is(&format!("DELETE {location}"), &[], "").await.expect(401);
    server.send(&format!("DELETE {location}"), &[], "").await.expect(204);
    server.send(&format!("DELETE {location}"), &[], "").await.expect(404);
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_by_name() {
    let server = Server::new();
    let refused = |path: &'static str, body: String, condition: &'static str| {
        let server = &server;
        async move {
            let answer = server.send(&format!("POST {path}"), &["Content-Type: text/xml"], &body).await;
            answer.expect_condition(403, p(condition));
        }
    };
    let good = register("https://push.example/a", "");
    refused(WORK, register("http://push.example/a", ""), "invalid-subscription").await;
    refused(WORK, register("", ""), "invalid-subscription").await;
    refused(WORK, good.replace(KEY, &KEY[1..]), "invalid-subscription").await;
    refused(WORK, good.replace("p256dh", "p521"), "invalid-subscription").await;
    refused(WORK, good.replace("BTBZ", ""), "invalid-subscription").await;
    let other = "<trigger><property-update/></trigger>";
    refused(WORK, register("https://push.example/a", other), "no-supported-trigger").await;
    refused("/dav/calendars/ada/unified/", good.clone(), "push-not-available").await;
    server.send(&format!("POST {WORK}"), &["Content-Type: text/xml"], "<push-register").await.expect(403);
}

#[tokio::test]
async fn who_made_a_change_need_not_be_told() {
    let server = Server::new();
    let own = "Push-Dont-Notify: \"https://cal.example/dav/push/ada/work/one\"";
    let text = event("a", "DTSTART:20260504T120000Z");
    server.send(&format!("PUT {WORK}a.ics"), &[own], &text).await.expect(201);
    server.send(&format!("DELETE {WORK}a.ics"), &[own], "").await.expect(204);
    server.send(&format!("DELETE {WORK}a.ics"), &[own], "").await.expect(404);
    server.send(&format!("PUT {WORK}b.ics"), &["Push-Dont-Notify: nonsense"], &text).await.expect(201);
    assert_eq!(*server.memory.muted.lock().unwrap(), ["work one", "work one"]);
}
