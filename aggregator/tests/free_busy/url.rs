//! The free-busy URL, where it is turned on.

use aggregator::owner::{FreeBusyUrl, Manner, Owner};

use crate::house::{House, bob, busy_lines};
use crate::world;

async fn house(free_busy_url: FreeBusyUrl) -> House {
    let manner = Manner { free_busy_url, ..Manner::default() };
    let house = House::of(world::ada(Vec::new()), Owner { manner, ..bob() }).await;
    house
        .put("bob", "personal", "lunch", "DTSTART:20260504T100000Z|DTEND:20260504T110000Z|SUMMARY:Fish")
        .await;
    house
}

const DAY: &str = "start=20260504T000000Z&end=20260505T000000Z";

#[tokio::test]
async fn it_is_off_until_it_is_turned_on() {
    let house = house(FreeBusyUrl::Off).await;
    for path in ["/freebusy/bob.ifb", "/freebusy/ada.ifb", "/freebusy/nobody.ifb"] {
        assert_eq!(house.anonymous(&format!("GET {path}?{DAY}")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn whoever_may_is_told_times_and_nothing_else() {
    let house = house(FreeBusyUrl::Open).await;
    let told = house.anonymous(&format!("GET /freebusy/bob.ifb?{DAY}")).await;
    assert_eq!(told.status, 200);
    assert_eq!(busy_lines(&told.text), ["BUSY:20260504T100000Z/20260504T110000Z"]);
    assert!(!told.text.contains("Fish") && !told.text.contains("example.org"), "{}", told.text);
    let usual = house.anonymous("GET /freebusy/bob").await;
    assert_eq!(busy_lines(&usual.text), ["BUSY:20260504T100000Z/20260504T110000Z"]);
    let head = house.anonymous("HEAD /freebusy/bob.ifb").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(house.anonymous("GET /freebusy/bob.ifb?start=soon").await.status, 400);
    assert_eq!(house.anonymous("PUT /freebusy/bob.ifb").await.status, 405);
    assert_eq!(house.anonymous("GET /freebusy/ada.ifb").await.status, 404, "Ada has not turned it on");
}

#[tokio::test]
async fn with_a_key() {
    let house = house(FreeBusyUrl::Keyed("correct horse battery".to_owned())).await;
    for query in ["", "key=", "key=correct", "key=correct%20horse%20batterY"] {
        assert_eq!(house.anonymous(&format!("GET /freebusy/bob.ifb?{query}")).await.status, 404, "{query}");
    }
    assert_eq!(house.anonymous("GET /freebusy/bob.ifb?key=correct%20horse+battery").await.status, 200);
}
