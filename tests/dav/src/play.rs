//! Plays scenarios against the server.

use calendar::time::{DateOrTime, Instant};
use calendar::zone::Zone;

use crate::calendar_text;
use crate::compare;
use crate::house::{Answer, House};
use crate::pattern::{Bindings, filled, matches};
use crate::scenario::{self, Exchange, Scenario, Step};

/// What a scenario has made.
struct Play {
    house: House,
    bindings: Bindings,
    caller: String,
}

/// Plays one scenario on a server of its own.
///
/// # Errors
/// The line, what was expected and what came.
pub async fn play(scenario: &Scenario) -> Result<(), String> {
    let mut play = Play { house: House::new().await, bindings: Bindings::new(), caller: "ada".to_owned() };
    play.steps(scenario).await
}

impl Play {
    async fn steps(&mut self, scenario: &Scenario) -> Result<(), String> {
        for step in &scenario.steps {
            match step {
                Step::Given(name) => {
                    let caller = self.caller.clone();
                    let given = scenario::named(&format!("given/{name}"));
                    Box::pin(self.steps(&given)).await?;
                    self.caller = caller;
                }
                Step::As(caller) => self.caller.clone_from(caller),
                Step::Now(now) => {
                    let now = instant(now).ok_or(format!("{}: {now} is no instant", scenario.name))?;
                    self.house.put_clock(now);
                }
                Step::Exchange(exchange) => {
                    let place = format!("scenarios/{}.txt:{}", scenario.name, exchange.line);
                    let answer = self.send(exchange).await.map_err(|why| format!("{place}: {why}"))?;
                    check(exchange, &answer, &mut self.bindings).map_err(|why| {
                        format!(
                            "{place}: {} {}\n  {why}\n--- {} {:?}\n{}\n---",
                            exchange.method, exchange.path, answer.status, answer.headers, answer.text
                        )
                    })?;
                }
            }
        }
        Ok(())
    }

    async fn send(&self, exchange: &Exchange) -> Result<Answer, String> {
        let path = filled(&exchange.path, &self.bindings)?;
        let mut headers = Vec::new();
        for (name, value) in &exchange.headers {
            headers.push((name.as_str(), filled(value, &self.bindings)?));
        }
        let mut body = filled(&exchange.body, &self.bindings)?;
        if body.trim_start_matches('\u{feff}').starts_with("BEGIN:") {
            body = body.replace('\n', "\r\n") + "\r\n";
        } else if body.starts_with('<') {
            body = compare::declared(&body);
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(self.house.send_as(&self.caller, (&exchange.method, &path), &headers, body).await)
    }
}

fn instant(text: &str) -> Option<Instant> {
    let parsed = DateOrTime::parse(text)?;
    Some(parsed.to_instant(Zone::utc()))
}

fn check(exchange: &Exchange, answer: &Answer, bindings: &mut Bindings) -> Result<(), String> {
    if answer.status.as_u16() != exchange.status {
        return Err(format!("{} where {} is expected", answer.status, exchange.status));
    }
    for (name, expected) in &exchange.answer_headers {
        let value = answer.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        match (expected, value) {
            (None, None) => {}
            (None, Some(value)) => return Err(format!("{name}: {value} where there should be none")),
            (Some(expected), None) => return Err(format!("no {name}; {expected} is expected")),
            (Some(expected), Some(value)) => {
                if !matches(expected, &value, bindings) {
                    return Err(format!("{name}: {value} where {expected} is expected"));
                }
            }
        }
    }
    let Some(expected) = exchange.answer_body.as_deref() else { return Ok(()) };
    body(expected.trim_end(), &answer.text, bindings)
}

fn body(expected: &str, text: &str, bindings: &mut Bindings) -> Result<(), String> {
    if expected == "(empty)" {
        return if text.is_empty() { Ok(()) } else { Err("a body where there should be none".to_owned()) };
    }
    if expected.starts_with("(contains)") || expected.starts_with("(lacks)") {
        let unfolded = text.replace("\r\n ", "");
        let mut wanted = true;
        for line in expected.lines() {
            match line {
                "(contains)" => wanted = true,
                "(lacks)" => wanted = false,
                line => {
                    let line = filled(line, bindings)?;
                    if unfolded.contains(&line) != wanted {
                        let what = if wanted { "is not" } else { "is" };
                        return Err(format!("`{line}` {what} in the body"));
                    }
                }
            }
        }
        return Ok(());
    }
    if expected.starts_with('<') {
        return compare::xml(expected, text, bindings);
    }
    if expected.starts_with("BEGIN:") {
        return calendar_text::compare(expected, text, bindings);
    }
    let text = text.replace("\r\n", "\n");
    if matches(expected, text.trim_end(), bindings) {
        Ok(())
    } else {
        Err("another body is expected".to_owned())
    }
}
