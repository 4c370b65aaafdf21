//! Drawn grants, judged by the server and by a model that says the same in other words.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

use std::collections::BTreeSet;

use aggregator::access::grants::Grants;
use aggregator::access::judge::{Law, Place};
use aggregator::access::{FreeBusy, Rules};
use calendar::collection::{PrincipalId, Privilege};
use dav::backend::{Ace, Delegation, Group, Verdict, Who};
use dav::privilege::all_on;
use dav::property::Kinds;
use proptest::prelude::*;

const PEOPLE: [&str; 4] = ["ada", "bob", "cleo", "dora"];

fn who() -> impl Strategy<Value = Who> {
    let group = |delegation| Who::Group(Group { owner: PrincipalId::new("ada"), delegation });
    prop_oneof![
        (1..4_usize).prop_map(|nth| Who::Principal(PrincipalId::new(PEOPLE[nth]))),
        Just(Who::Authenticated),
        Just(group(Delegation::Read)),
        Just(group(Delegation::Write)),
        Just(Who::Group(Group { owner: PrincipalId::new("bob"), delegation: Delegation::Read })),
    ]
}

fn aces() -> impl Strategy<Value = Vec<Ace>> {
    let ace = (who(), any::<bool>(), proptest::sample::subsequence(Privilege::ALL.to_vec(), 1..6));
    proptest::collection::vec(ace, 0..5).prop_map(|drawn| {
        let mut aces: Vec<Ace> = drawn
            .into_iter()
            .map(|(who, denied, privileges)| Ace {
                who,
                verdict: if denied { Verdict::Deny } else { Verdict::Grant },
                privileges,
                protected: false,
                inherited: None,
            })
            .collect();
        aces.sort_by_key(|ace| ace.verdict == Verdict::Grant);
        aces
    })
}

fn people() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::sample::subsequence(vec!["bob", "cleo", "dora"], 0..3)
        .prop_map(|ids| ids.into_iter().map(str::to_owned).collect())
}

fn grants() -> impl Strategy<Value = Grants> {
    let collections = proptest::collection::btree_map("work|home|unified|inbox", aces(), 0..4);
    (proptest::option::of(aces()), collections, people(), people())
        .prop_map(|(home, collections, readers, writers)| Grants { home, collections, readers, writers })
}

/// What an entry says to somebody about a privilege.
fn says(grants: &Grants, ace: &Ace, caller: &str, privilege: Privilege) -> bool {
    let about = match &ace.who {
        Who::Owner => caller == "ada",
        Who::Principal(id) => id.as_str() == caller,
        Who::Authenticated => true,
        Who::Group(group) if group.owner.as_str() == "ada" => match group.delegation {
            Delegation::Read => grants.readers.contains(caller),
            Delegation::Write => grants.writers.contains(caller),
        },
        Who::Group(_) => false,
    };
    about && ace.privileges.contains(&privilege)
}

/// Level by level: what is protected gives; then the place's own entries take and give; then those of the home.
fn model(grants: &Grants, rules: Rules, caller: &str, place: Place<'_>, privilege: Privilege) -> bool {
    use Privilege::{
        Bind, Read, ReadAcl, ReadFreeBusy, ReadOwnPrivileges, ScheduleDeliverInvite, ScheduleDeliverReply,
        ScheduleSendFreeBusy, ScheduleSendInvite, ScheduleSendReply, Unbind, WriteContent, WriteProperties,
    };
    let kind = match place {
        Place::Home => Kinds::HOME,
        Place::Collection(_, kind) => kind,
    };
    if !all_on(kind).contains(&privilege) {
        return false;
    }
    let reading = matches!(privilege, Read | ReadFreeBusy | ReadOwnPrivileges);
    let acting = matches!(
        privilege,
        ReadAcl
            | WriteContent
            | WriteProperties
            | Bind
            | Unbind
            | ScheduleSendInvite
            | ScheduleSendReply
            | ScheduleSendFreeBusy
    );
    let everybody = |privilege: Privilege| Ace {
        who: Who::Authenticated,
        verdict: Verdict::Grant,
        privileges: vec![privilege],
        protected: false,
        inherited: None,
    };
    let home = grants.home.clone().unwrap_or_else(|| {
        if rules.free_busy == FreeBusy::Owners { vec![everybody(ReadFreeBusy)] } else { vec![] }
    });
    let own = match place {
        Place::Home => vec![],
        Place::Collection(id, kind) => grants.collections.get(id).cloned().unwrap_or_else(|| {
            if kind == Kinds::INBOX {
                vec![everybody(ScheduleDeliverInvite), everybody(ScheduleDeliverReply)]
            } else {
                vec![]
            }
        }),
    };
    let level = |aces: &[Ace]| {
        let any =
            |verdict| aces.iter().any(|ace| ace.verdict == verdict && says(grants, ace, caller, privilege));
        if any(Verdict::Deny) { Some(false) } else { any(Verdict::Grant).then_some(true) }
    };
    let inherits = !matches!(place, Place::Collection("unified", _))
        || grants.collections.keys().filter(|id| *id != "unified").all(|id| {
            !held(grants, rules, caller, Place::Home).contains(&privilege)
                || held(grants, rules, caller, Place::Collection(id, Kinds::CALENDAR)).contains(&privilege)
        });
    let protected = caller == "ada"
        || (inherits && grants.writers.contains(caller) && (reading || acting))
        || (inherits && grants.readers.contains(caller) && reading);
    protected || level(&own).or_else(|| if inherits { level(&home) } else { None }).unwrap_or(false)
}

fn held(grants: &Grants, rules: Rules, caller: &str, place: Place<'_>) -> BTreeSet<Privilege> {
    let all = Privilege::ALL.into_iter();
    let mut held: BTreeSet<Privilege> =
        all.filter(|privilege| model(grants, rules, caller, place, *privilege)).collect();
    let inbox = matches!(place, Place::Collection(_, kind) if kind == Kinds::INBOX);
    let said = || {
        let Place::Collection(id, _) = place else { return false };
        let entries = grants.collections.get(id).into_iter().chain(&grants.home).flatten();
        entries.into_iter().any(|ace| says(grants, ace, caller, Privilege::ScheduleQueryFreeBusy))
    };
    if inbox && held.contains(&Privilege::ReadFreeBusy) && !said() {
        held.insert(Privilege::ScheduleQueryFreeBusy);
    }
    if held.contains(&Privilege::Read) {
        held.insert(Privilege::ReadFreeBusy);
    }
    if !held.is_empty() {
        held.insert(Privilege::ReadOwnPrivileges);
    }
    held
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn judged_as_the_model_says(grants in grants(), open in any::<bool>()) {
        let rules = Rules { free_busy: if open { FreeBusy::Owners } else { FreeBusy::Nobody } };
        let owner = PrincipalId::new("ada");
        let law = Law { owner: &owner, grants: &grants, rules };
        let places = [
            Place::Home,
            Place::Collection("work", Kinds::CALENDAR),
            Place::Collection("home", Kinds::CALENDAR),
            Place::Collection("unified", Kinds::CALENDAR),
            Place::Collection("inbox", Kinds::INBOX),
            Place::Collection("outbox", Kinds::OUTBOX),
        ];
        for caller in PEOPLE {
            for place in places {
                let judged = law.privileges(&PrincipalId::new(caller), place);
                prop_assert_eq!(judged, held(&grants, rules, caller, place), "{} {:?}", caller, place);
            }
        }
    }
}
