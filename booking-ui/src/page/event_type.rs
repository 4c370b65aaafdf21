//! `/{owner}/{type}`: the picker of an event type.

use askama::Template;
use http::StatusCode;

use crate::page::picker::{self, Offer, Picker, Taking};
use crate::page::problem::Problem;
use crate::page::{Answer, Visit};
use crate::reply::Reply;
use crate::route::Offered;
use crate::view::{Frame, Panel, When};

/// The picker; also that of a booking that moves.
#[derive(Template)]
#[template(path = "picker.html")]
pub(crate) struct PickerPage {
    /// Around it.
    pub(crate) frame: Frame,
    /// What is picked.
    pub(crate) panel: Panel,
    /// When it was, if it moves.
    pub(crate) before: Option<When>,
    /// Back to the booking that moves.
    pub(crate) back: Option<String>,
    /// The choice.
    pub(crate) picker: Picker,
}

/// Shows the picker.
pub(crate) async fn show(visit: &Visit<'_>, offered: &Offered) -> Answer {
    let (host, event_type) = visit.event_type(offered)?;
    let duration = picker::duration(&visit.choice, &event_type);
    let path = picker::picker_path(&offered.owner, &offered.slug);
    let offer = Offer {
        taking: Taking::New { owner: &offered.owner, slug: &offered.slug, duration },
        event_type: &event_type,
        next: format!("{path}/book"),
        page: path.clone(),
    };
    let back = visit.choice.lasting().href(&path);
    let picker = picker::picker(visit, &offer)
        .await
        .map_err(|not_booked| Problem::not_booked(&not_booked).with_link("Start again", &back))?;
    let panel = Panel::new(&host.owner, &event_type, duration, &visit.choice);
    let zone = visit.choice.zone.as_ref().unwrap_or(&event_type.zone);
    let page = PickerPage {
        frame: Frame {
            said: picker.said.clone(),
            zone: Some(zone.name().to_owned()),
            ..Frame::titled(format!("{} with {}", event_type.title, host.owner.name))
        },
        panel: panel.with_lengths(&event_type, &visit.choice, &path),
        before: None,
        back: None,
        picker,
    };
    Ok(Reply::page(StatusCode::OK, &page))
}
