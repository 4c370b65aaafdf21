//! Inbox and outbox, what they tell, and the calendar into which invitations go.

use dav::xml::name::{caldav, dav};

use crate::house::{House, meeting};

const NAMES: &str = "<D:propfind xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:prop><D:resourcetype/>\
    <C:schedule-inbox-URL/><C:schedule-outbox-URL/><C:schedule-default-calendar-URL/><C:calendar-user-address-set/>\
    <D:current-user-privilege-set/><D:supported-privilege-set/></D:prop></D:propfind>";

fn patch(value: &str) -> String {
    format!(
        "<D:propertyupdate xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>{value}</D:propertyupdate>"
    )
}

fn choose(href: &str) -> String {
    let set = "<D:set><D:prop><C:schedule-default-calendar-URL>";
    let end = "</C:schedule-default-calendar-URL></D:prop></D:set>";
    patch(&format!("{set}<D:href>{href}</D:href>{end}"))
}

#[tokio::test]
async fn what_a_client_finds() {
    let house = House::new().await;
    let options = house.send("ann", "OPTIONS /dav/", &[], "").await.expect(200);
    assert!(options.header("dav").unwrap().contains("calendar-auto-schedule"));
    // Clients send invitations themselves where the server reaches nobody.
    let alone = House::new().await;
    alone.world.replace_mail_sender(None);
    let options = alone.send("olga", "OPTIONS /dav/", &[], "").await.expect(200);
    assert!(options.header("dav").unwrap().contains("calendar-auto-schedule"), "there are others here");
    let olga = alone.world.owner("olga").unwrap();
    alone.world.replace_owners(vec![olga]);
    let options = alone.send("olga", "OPTIONS /dav/", &[], "").await.expect(200);
    let classes = options.header("dav").unwrap();
    assert!(classes.contains("calendar-access") && !classes.contains("calendar-auto-schedule"), "{classes}");
    let principal =
        house.send("olga", "PROPFIND /dav/principals/olga/", &["Depth: 0"], NAMES).await.expect(207);
    let href =
        |name: &'static str| principal.property(caldav(name)).unwrap().first(dav("href")).unwrap().text();
    assert_eq!(href("schedule-inbox-URL"), "/dav/calendars/olga/inbox/");
    assert_eq!(href("schedule-outbox-URL"), "/dav/calendars/olga/outbox/");
    let addresses = principal.property(caldav("calendar-user-address-set")).unwrap();
    let addresses: Vec<String> = addresses.all(dav("href")).map(dav::xml::Element::text).collect();
    assert_eq!(addresses, ["mailto:olga@x", "mailto:o@y", "/dav/principals/olga/"]);
    for (place, kind, privilege) in
        [("inbox/", "schedule-inbox", "schedule-deliver"), ("outbox/", "schedule-outbox", "schedule-send")]
    {
        let found = house.send("olga", &format!("PROPFIND {place}"), &["Depth: 0"], NAMES).await.expect(207);
        let types = found.property(dav("resourcetype")).unwrap();
        assert!(types.first(caldav(kind)).is_some() && types.first(dav("collection")).is_some());
        assert!(found.text.contains(&format!("<C:{privilege}-invite/>")), "{}", found.text);
        assert_eq!(found.property(caldav("schedule-default-calendar-URL")).is_some(), place == "inbox/");
        house.send("olga", &format!("DELETE {place}"), &[], "").await.expect(403);
        house.put("olga", &format!("{place}x.ics"), &meeting("x", "", &["ann@x"])).await.expect(403);
    }
}

#[tokio::test]
async fn the_default_calendar_is_chosen_and_stays() {
    let house = House::new().await;
    house.send("ann", "MKCALENDAR work/", &[], "").await.expect(201);
    let answer =
        house.send("ann", "PROPPATCH inbox/", &[], &choose("/dav/calendars/ann/work/")).await.expect(207);
    assert!(answer.text.contains("200 OK"), "{}", answer.text);
    house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x"])).await.expect(201);
    assert_eq!(house.members("ann", "work").await.len(), 1);
    assert_eq!(house.members("ann", "personal").await.len(), 0);
    house.send("ann", "DELETE work/", &[], "").await.refused("default-calendar-needed");
    let removed = patch("<D:remove><D:prop><C:schedule-default-calendar-URL/></D:prop></D:remove>");
    let answer = house.send("ann", "PROPPATCH inbox/", &[], &removed).await.expect(207);
    assert!(answer.text.contains("<C:default-calendar-needed/>"), "{}", answer.text);
    for wrong in
        ["/dav/calendars/ann/none/", "/dav/calendars/bob/personal/", "/dav/calendars/ann/inbox/", "x:", ""]
    {
        let answer = house.send("ann", "PROPPATCH inbox/", &[], &choose(wrong)).await.expect(207);
        assert!(answer.text.contains("<C:valid-schedule-default-calendar-URL/>"), "{wrong}: {}", answer.text);
    }
    house.send("ann", "PROPPATCH inbox/", &[], &choose("/dav/calendars/ann/personal/")).await.expect(207);
    house.send("ann", "DELETE work/", &[], "").await.expect(204);
    assert_eq!(house.heard("olga").await, ["REPLY"], "the invitation in it was declined");
}

#[tokio::test]
async fn messages_are_read_and_deleted_and_not_written() {
    let house = House::new().await;
    house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x"])).await.expect(201);
    house.edit("olga", "personal/a.ics", &[("SUMMARY:Talk", "SUMMARY:Speech")]).await.expect(204);
    let messages = house.members("ann", "inbox").await;
    assert_eq!(messages.len(), 2, "two about one event");
    let query = "<C:calendar-query xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:prop><D:getetag/>\
        <C:calendar-data/></D:prop><C:filter><C:comp-filter name='VCALENDAR'><C:prop-filter name='METHOD'/>\
        </C:comp-filter></C:filter></C:calendar-query>";
    let found = house.send("ann", "REPORT inbox/", &["Depth: 1"], query).await.expect(207);
    assert_eq!(found.text.matches("METHOD:REQUEST").count(), 2, "{}", found.text);
    let sync = "<D:sync-collection xmlns:D='DAV:'><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>";
    let found = house.send("ann", "REPORT inbox/", &[], sync).await.expect(207);
    assert_eq!(found.text.matches("<D:response>").count(), 2, "{}", found.text);
    let line = format!("PUT {}", messages[0]);
    house.send("ann", &line, &[], &meeting("a", "", &["ann@x"])).await.expect(403);
    house.send("bob", &format!("GET /dav/calendars/ann/{}", messages[0]), &[], "").await.expect(403);
    assert_eq!(house.heard("ann").await, ["REQUEST", "REQUEST"]);
    assert!(house.members("ann", "inbox").await.is_empty());
}
