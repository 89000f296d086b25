// The checkout page as the program serves it: what a payer does on the page is what the API says.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { createInterface } from "node:readline";

import { browser, picture, violations } from "./stage.mjs";

const PROGRAM = process.env.KASSA_PROGRAM ?? "target/debug/kassa";
const CARD = "4200000000000000";
const CHALLENGED_CARD = "4200000000000042";
const LEDGER_CARD = "4444333322221111";
const SUCCESS = "000.100.110";
const PENDING = "000.200.000";

let program;
let demo;
let shop;
let chromium;
let contexts = [];

before(async () => {
  const words = ["demo", "--no-scenario", "--print-json", "--listen", "127.0.0.1:0"];
  program = spawn(PROGRAM, words, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: program.stdout }), "line");
  demo = JSON.parse(line);
  shop = createServer((request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>");
  });
  shop.listen(0, "127.0.0.1");
  await once(shop, "listening");
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  shop?.close();
  program?.kill();
});

afterEach(async () => {
  await Promise.all(contexts.map((context) => context.close()));
  contexts = [];
});

async function open(options = {}) {
  const context = await chromium.newContext({ locale: "en-GB", ...options });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

/** Asks the API of payments v3: a form where there are fields. */
async function ask(path, fields) {
  const { token, entity_id } = demo.payments;
  const url = new URL(`/v3/${path}`, demo.base_url);
  const headers = { authorization: `Bearer ${token}` };
  if (fields === undefined) {
    url.searchParams.set("entityId", entity_id);
    return (await fetch(url, { headers })).json();
  }
  const body = new URLSearchParams({ entityId: entity_id, ...fields });
  return (await fetch(url, { method: "POST", headers, body })).json();
}

/** Asks the operator API. */
async function operate(path, body) {
  const headers = {
    authorization: `Bearer ${demo.operator.key}`,
    "content-type": "application/json",
  };
  const request = body && { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(`${demo.base_url}/operator/v1/${path}`, request ?? { headers });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

let count = 0;

/** Prepares a checkout with a name of the merchant's own, by which its payments are found. */
async function checkout(more = {}) {
  count += 1;
  const name = `browser-${process.pid}-${count}`;
  const made = await ask("checkouts", {
    amount: "149.00",
    currency: "SEK",
    paymentType: "DB",
    merchantTransactionId: name,
    shopperResultUrl: `http://127.0.0.1:${shop.address().port}/done`,
    ...more,
  });
  assert.equal(made.result.code, "000.200.100");
  return { id: made.id, name, at: (rest = "") => `${made.redirect.url}${rest}?lang=en` };
}

/** What the API says of a checkout. */
const outcome = async ({ id }) => (await ask(`checkouts/${id}/payment`)).result.code;

/** The result codes of all payments that were tried, oldest first. */
async function tried({ name }) {
  const found = await ask(`query?merchantTransactionId=${name}`);
  return (found.payments ?? []).map(({ result }) => result.code).reverse();
}

async function fillCard(page, number, holder = "Al Vi") {
  await page.getByLabel("Card number").fill(number);
  await page.getByLabel("Name on the card").fill(holder);
  await page.getByLabel("Month").fill("05");
  await page.getByLabel("Year").fill("34");
  await page.getByLabel("Security code").fill("123");
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const press = (page, name) => page.getByRole("button", { name }).click();
const follow = (page, name) => page.getByRole("link", { name, exact: true }).click();

test("a card of the ledger pays, and the payer goes back to the shop", async () => {
  const page = await open();
  const made = await checkout();
  assert.equal(await outcome(made), PENDING);
  await page.goto(made.at());
  await follow(page, "Card");
  await fillCard(page, LEDGER_CARD);
  await press(page, "Pay 149.00");
  await heading(page, "The payment is complete");
  await picture(page, "demo-paid");
  assert.equal(await outcome(made), SUCCESS);
  const accounts = await operate("accounts?card_token=546415646331");
  assert.equal(accounts.items[0].debt, "149.00");
  await follow(page, "Back to Demo Shop");
  await heading(page, "Shop");
  const told = new URL(page.url()).searchParams;
  assert.equal(told.get("id"), made.id);
  assert.equal(told.get("resourcePath"), `/v3/checkouts/${made.id}/payment`);
});

test("a declined card is explained, and another one pays", async () => {
  const page = await open();
  const made = await checkout();
  await page.goto(made.at("/card"));
  await fillCard(page, CARD, "800.100.203");
  await press(page, "Pay");
  await heading(page, "The payment was declined");
  await page.getByText("There is not enough money on the account.").waitFor();
  assert.equal(await outcome(made), "800.100.203");
  await follow(page, "Try again");
  await follow(page, "Card");
  await fillCard(page, CARD);
  await press(page, "Pay");
  await heading(page, "The payment is complete");
  assert.deepEqual(await tried(made), ["800.100.203", SUCCESS]);
});

for (const [button, title, code] of [
  ["Yes, it is me", "The payment is complete", SUCCESS],
  ["No, it is not me", "The payment was declined", "100.380.401"],
  ["Do not pay", "The payment was cancelled", "100.396.101"],
]) {
  test(`the bank asks, and its customer says: ${button}`, async () => {
    const page = await open();
    const made = await checkout();
    await page.goto(made.at("/card"));
    await fillCard(page, CHALLENGED_CARD);
    await press(page, "Pay");
    await heading(page, "Is it you who pays?");
    await picture(page, "demo-bank");
    assert.deepEqual(await violations(page), []);
    assert.equal(await outcome(made), PENDING);
    await press(page, button);
    await heading(page, title);
    assert.equal(await outcome(made), code);
  });
}

test("without script, the bank asks and the card pays", async () => {
  const page = await open({ javaScriptEnabled: false });
  const made = await checkout();
  await page.goto(made.at());
  await follow(page, "Card");
  await fillCard(page, CHALLENGED_CARD);
  await press(page, "Pay");
  await press(page, "Go on to your bank");
  await press(page, "Yes, it is me");
  await heading(page, "The payment is complete");
  assert.deepEqual(await tried(made), [SUCCESS]);
});

test("Swish waits for the phone, and sees that it is paid", async () => {
  const page = await open();
  const made = await checkout();
  await operate("simulators/swish/next", { outcome: "approve", delay_ms: 4_000 });
  await page.goto(made.at("/swish"));
  await page.getByLabel("Mobile phone number").fill("070-123 45 67");
  await press(page, "Pay");
  await heading(page, "We are waiting for the payment");
  await picture(page, "demo-swish");
  assert.equal(await outcome(made), PENDING);
  await heading(page, "The payment is complete");
  assert.deepEqual(await tried(made), [SUCCESS]);
});

test("the payer of a Klarna order comes back from Klarna", async () => {
  const page = await open();
  const made = await checkout();
  await operate("simulators/klarna/next", { outcome: "approve", delay_ms: 60_000 });
  await page.goto(made.at());
  await press(page, "Klarna");
  await page.getByRole("button", { name: "approve" }).waitFor();
  assert.equal(await outcome(made), PENDING);
  await picture(page, "demo-klarna");
  await press(page, "approve");
  await heading(page, "The payment is complete");
  assert.equal(await outcome(made), SUCCESS);
});

test("a card is kept where the merchant and the payer want it", async () => {
  const page = await open();
  const made = await checkout({ createRegistration: "true" });
  await page.goto(made.at("/card"));
  await fillCard(page, CARD);
  await page.getByLabel("Save the card").check();
  await press(page, "Pay");
  await heading(page, "The payment is complete");
  const paid = await ask(`checkouts/${made.id}/payment`);
  const kept = await ask(`registrations/${paid.registrationId}`);
  assert.equal(kept.card.last4Digits, "0000");
});

test("a button that is pressed twice pays once, and going back shows the result", async () => {
  const page = await open();
  const made = await checkout();
  await page.goto(made.at());
  await follow(page, "Card");
  await fillCard(page, CARD);
  await page.getByRole("button", { name: "Pay" }).dblclick();
  await heading(page, "The payment is complete");
  await page.goBack();
  await heading(page, "The payment is complete");
  assert.deepEqual(await tried(made), [SUCCESS]);
});

// The last one, since it moves everybody's clock.
test("time runs out", async () => {
  const page = await open();
  const made = await checkout();
  await operate("clock/advance", { seconds: 1_801 });
  await page.goto(made.at());
  await heading(page, "Time is up");
  assert.equal(await outcome(made), "200.300.404");
});
