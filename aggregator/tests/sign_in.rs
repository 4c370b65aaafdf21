//! Signing in under attack: guesses side by side, owners who are not kept out by them, and what a name costs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]
#![allow(clippy::disallowed_methods, reason = "what is measured is real time, and guesses run side by side")]

#[allow(dead_code)]
mod world;

use std::time::{Duration, Instant};

use aggregator::operation::sign_in::{self, Answer};
use aggregator::owner::{Manner, Owner, PasswordCheck};
use calendar::address::Address;
use calendar::zone::Zone;

fn ada(passwords: Vec<PasswordCheck>) -> Owner {
    Owner {
        id: "ada".to_owned(),
        name: "Ada Example".to_owned(),
        addresses: vec![Address::parse("ada@example.org")],
        zone: Zone::named("Europe/Berlin").unwrap(),
        sources: vec![],
        manner: Manner::default(),
        passwords,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_side_by_side_are_counted_like_one_after_another() {
    let (world, _) = world::world(ada(vec![PasswordCheck::Plain("secret".to_owned())])).await;
    let guesses: Vec<_> = (0..60)
        .map(|nth| {
            let world = world.clone();
            tokio::spawn(async move { sign_in::check(&world, "ada", &format!("guess {nth}")).await.unwrap() })
        })
        .collect();
    let mut wrong = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            Answer::Wrong => wrong += 1,
            Answer::Wait(_) => {}
            Answer::Owner(owner) => panic!("a guess opened the calendars of {owner}"),
        }
    }
    // Two are computed at once, so one more may be under way when the last that counts is found wrong.
    assert!((10..=11).contains(&wrong), "{wrong} guesses were looked at");
}

#[tokio::test]
async fn who_guesses_does_not_keep_devices_out() {
    let (world, _) = world::world(ada(vec![PasswordCheck::Plain("secret".to_owned())])).await;
    let owner = world.owner("ada").unwrap();
    let (record, phone) = sign_in::add(&world, &owner, "phone").await.unwrap();
    for _ in 0..11 {
        sign_in::check(&world, "ada", "guess").await.unwrap();
    }
    assert!(matches!(sign_in::check(&world, "ada", "secret").await.unwrap(), Answer::Wait(_)));
    let (answer, device) = sign_in::check_from(&world, ("ada", &phone), None).await.unwrap();
    assert_eq!((answer, device), (Answer::Owner("ada".to_owned()), Some(record.id.clone())));
    // Also from memory the device is told with the owner, until it is revoked.
    let again = sign_in::check_from(&world, ("ada", &phone), None).await.unwrap();
    assert_eq!(again.1, Some(record.id.clone()));
    assert!(sign_in::is_in_force(&world, "ada", &record.id).await.unwrap());
    sign_in::revoke(&world, "ada", &record.id).await.unwrap();
    assert!(!sign_in::is_in_force(&world, "ada", &record.id).await.unwrap());
    assert!(matches!(sign_in::check(&world, "ada", &phone).await.unwrap(), Answer::Wait(_)));
}

#[tokio::test]
async fn a_wrong_password_costs_the_same_with_many_devices_and_with_none() {
    let (world, _) = world::world(ada(vec![])).await;
    let owner = world.owner("ada").unwrap();
    for nth in 0..8 {
        sign_in::add(&world, &owner, &format!("device {nth}")).await.unwrap();
    }
    let mut spent = [Vec::new(), Vec::new()];
    for round in 0..8 {
        for (place, name) in ["ada", "nobody"].into_iter().enumerate() {
            let began = Instant::now();
            let answer = sign_in::check(&world, name, &format!("wrong {round}")).await.unwrap();
            spent[place].push(began.elapsed());
            assert_eq!(answer, Answer::Wrong);
        }
    }
    let least = |place: usize| spent[place].iter().min().copied().unwrap_or(Duration::ZERO);
    assert!(
        least(0) < least(1) * 3,
        "{:?} for a name that is known, {:?} for one that is not",
        least(0),
        least(1)
    );
}
