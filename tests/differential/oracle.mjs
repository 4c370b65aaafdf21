// Answers the cases of one file by ical.js: `node oracle.mjs CASES ANSWERS FOLDER_OF_NODE_MODULES`.
//
// An answer is a list of [start, end] in UTC seconds, or an object with `error`. The work is done in a thread, so that
// a search without end can be told as such and left.

import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

// For a batch, and for one case of a batch that took longer.
const PATIENCE_MS = [60_000, 15_000];

if (isMainThread) await main(...process.argv.slice(2));
else work(workerData);

async function main(cases, answers, modules) {
  const out = openSync(answers, "w");
  let worker;
  let finish;
  const lost = (why) => {
    worker.terminate();
    worker = undefined;
    finish({ error: why });
  };
  const start = () => {
    const fresh = new Worker(new URL(import.meta.url), { workerData: modules });
    fresh.on("message", (answer) => fresh === worker && finish(answer));
    fresh.on("error", (error) => fresh === worker && lost(String(error).slice(0, 200)));
    return fresh;
  };
  const ask = (lines) =>
    new Promise((done) => {
      const timer = setTimeout(() => lost("no answer in time"), PATIENCE_MS[lines.length === 1 ? 1 : 0]);
      finish = (answer) => {
        clearTimeout(timer);
        done(answer);
      };
      worker ??= start();
      worker.postMessage(lines);
    });
  let batch = [];
  const flush = async () => {
    if (batch.length === 0) return;
    let found = await ask(batch);
    // A batch that fails as a whole is asked again one by one.
    if (!Array.isArray(found)) {
      found = [];
      for (const line of batch) {
        const one = await ask([line]);
        found.push(Array.isArray(one) ? one[0] : { id: JSON.parse(line).id, ical: one });
      }
    }
    writeSync(out, found.map((answer) => JSON.stringify(answer) + "\n").join(""));
    batch = [];
  };
  for await (const line of createInterface({ input: createReadStream(cases) })) {
    batch.push(line);
    if (batch.length === 50) await flush();
  }
  await flush();
  closeSync(out);
  await worker?.terminate();
}

function work(modules) {
  const require = createRequire(modules + "/");
  const ICAL = require("ical.js").default ?? require("ical.js");
  const known = new Map();
  const timezone = (text) => {
    if (!known.has(text)) known.set(text, new ICAL.Timezone(new ICAL.Component(ICAL.parse(text))));
    return known.get(text);
  };
  parentPort.on("message", (lines) => {
    parentPort.postMessage(
      lines.map((line) => {
        const current = JSON.parse(line);
        try {
          return { id: current.id, ical: instances(ICAL, current, timezone) };
        } catch (error) {
          return { id: current.id, ical: { error: String(error).slice(0, 200) } };
        }
      }),
    );
  });
}

function instances(ICAL, current, timezone) {
  const has = (tag) => current.tags.includes(tag);
  if (has("bymonthday-negative") && ["DAILY", "HOURLY", "MINUTELY", "SECONDLY"].some(has)) {
    throw new Error("negative BYMONTHDAY is not asked");
  }
  ICAL.TimezoneService.reset();
  for (const [tzid, text] of Object.entries(current.zones)) ICAL.TimezoneService.register(timezone(text), tzid);
  const calendar = new ICAL.Component(ICAL.parse(current.ics));
  for (const own of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(own), own.getFirstPropertyValue("tzid"));
  }
  const floating = current.zone === "UTC" ? ICAL.Timezone.utcTimezone : ICAL.TimezoneService.get(current.zone);
  const instant = (time) => {
    const own = time.clone();
    if (own.isDate) Object.assign(own, { isDate: false, hour: 0, minute: 0, second: 0 });
    if (time.isDate || own.zone === ICAL.Timezone.localTimezone) own.zone = floating;
    return own.toUnixTime();
  };
  const all = calendar.getAllSubcomponents("vevent");
  const master = all.find((event) => !event.hasProperty("recurrence-id"));
  const event = new ICAL.Event(master, {
    strictExceptions: true,
    exceptions: all.filter((other) => other !== master),
  });
  const spans = [];
  const take = (start, end) => {
    const span = [instant(start), instant(end)];
    if (shares(span, current)) spans.push(span);
  };
  if (!event.isRecurring()) {
    take(event.startDate, event.endDate);
  } else {
    const iterator = event.iterator();
    for (let next = iterator.next(); next; next = iterator.next()) {
      if (instant(next) > current.to + current.slack) break;
      const details = event.getOccurrenceDetails(next);
      take(details.startDate, details.endDate);
    }
  }
  return spans.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
}

function shares([start, end], { from, to }) {
  if (end <= start) return from <= start && start < to;
  return start < to && from < end;
}
