// What a payer's browser makes of the checkout page.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { Stage, browser, picture, violations } from "./stage.mjs";

const MINUTE = 60_000;
const CARD = "4200 0000 0000 0000";
const CHALLENGED_CARD = "4200 0000 0000 0042";

let stage;
let chromium;
let contexts;
/** What a page complained of: errors of scripts, and what the policy kept out. */
let complaints;

before(async () => {
  [stage, chromium] = await Promise.all([Stage.open(), browser()]);
});

after(async () => {
  await chromium?.close();
  stage?.close();
});

beforeEach(() => {
  contexts = [];
  complaints = [];
});

afterEach(async () => {
  await Promise.all(contexts.map((context) => context.close()));
  assert.deepEqual(complaints, []);
});

async function open(options = {}) {
  const context = await chromium.newContext({ locale: "en-GB", ...options });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => complaints.push(`${error}`));
  page.on("console", (message) => {
    // A status that the page is meant to have is no complaint.
    const isStatus = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isStatus) complaints.push(message.text());
  });
  return page;
}

async function fillCard(page, { number = CARD, holder = "Al Vi", year = "34" } = {}) {
  await page.getByLabel("Card number").fill(number);
  await page.getByLabel("Name on the card").fill(holder);
  await page.getByLabel("Month").fill("05");
  await page.getByLabel("Year").fill(year);
  await page.getByLabel("Security code").fill("123");
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const press = (page, name) => page.getByRole("button", { name }).click();
const follow = (page, name) => page.getByRole("link", { name, exact: true }).click();

test("a card pays, and the payer goes back to the shop", async () => {
  const page = await open();
  const id = await stage.checkout();
  await page.goto(stage.at(id));
  await picture(page, "ways");
  await follow(page, "Card");
  await fillCard(page);
  await picture(page, "card");
  await press(page, "Pay 1,092.00");
  await heading(page, "The payment is complete");
  await picture(page, "paid");
  await follow(page, "Back to Åkes Cykel & Sport");
  await heading(page, "Shop");
  const told = new URL(page.url()).searchParams;
  assert.equal(told.get("order"), "42");
  assert.equal(told.get("id"), id);
  assert.equal(told.get("resourcePath"), `/v3/checkouts/${id}/payment`);
});

test("a declined card is explained, and another one pays", async () => {
  const page = await open();
  const id = await stage.checkout();
  await page.goto(stage.at(id, "/card?lang=en"));
  await fillCard(page, { holder: "800.100.203" });
  await press(page, "Pay");
  await heading(page, "The payment was declined");
  await page.getByText("There is not enough money on the account.").waitFor();
  await page.getByText("You have not been charged.").waitFor();
  await picture(page, "declined");
  await follow(page, "Try again");
  await follow(page, "Card");
  assert.equal(await page.getByLabel("Card number").inputValue(), "");
  await fillCard(page);
  await press(page, "Pay");
  await heading(page, "The payment is complete");
  assert.equal(await stage.payments(id), 2);
});

test("mistakes are told at their fields, and secrets are not shown again", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout(), "/card?lang=en"));
  await fillCard(page, { number: "4444 4444 4444 4444", year: "24" });
  await press(page, "Pay");
  const summary = page.getByRole("alert");
  await summary.getByText("The card number is not right").waitFor();
  await picture(page, "card-mistakes");
  assert.match(await page.title(), /^Error: /);
  assert.equal(await page.evaluate(() => document.activeElement.className), "summary");
  const number = page.getByLabel("Card number");
  assert.equal(await number.getAttribute("aria-invalid"), "true");
  const described = await number.getAttribute("aria-describedby");
  assert.match(await page.locator(`#${described}`).textContent(), /not right/);
  assert.equal(await page.getByLabel("Name on the card").inputValue(), "Al Vi");
  assert.equal(await number.inputValue(), "");
  assert.equal(await page.getByLabel("Security code").inputValue(), "");
  await summary.getByRole("link").first().click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "number");
});

test("the bank asks, and its customer comes back paid", async () => {
  const page = await open();
  const id = await stage.checkout();
  await page.goto(stage.at(id, "/card?lang=en"));
  await fillCard(page, { number: CHALLENGED_CARD });
  await press(page, "Pay");
  await heading(page, "Bank");
  await press(page, "approve");
  await heading(page, "The payment is complete");
});

test("the bank asks, and its customer fails", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout(), "/card?lang=en"));
  await fillCard(page, { number: CHALLENGED_CARD });
  await press(page, "Pay");
  await heading(page, "Bank");
  await press(page, "reject");
  await heading(page, "The payment was declined");
  await page.getByText("could not make sure").waitFor();
});

test("who goes back from the bank is not sent there again", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout(), "/card?lang=en"));
  await fillCard(page, { number: CHALLENGED_CARD });
  await press(page, "Pay");
  await heading(page, "Bank");
  await page.goBack();
  await heading(page, "Go on to pay");
  await page.waitForTimeout(500);
  await heading(page, "Go on to pay");
  await picture(page, "bank");
  await press(page, "Cancel the payment");
  await heading(page, "The payment was cancelled");
});

test("Klarna has a page of its own", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout()));
  await press(page, "Klarna");
  await heading(page, "PSP");
  await press(page, "approve");
  await heading(page, "The payment is complete");
});

test("Swish waits for the phone, and sees that it is paid", async () => {
  const page = await open();
  const id = await stage.checkout();
  await page.goto(stage.at(id));
  await follow(page, "Swish");
  await picture(page, "swish");
  await page.getByLabel("Mobile phone number").fill("070-123 45 67");
  await press(page, "Pay");
  await heading(page, "We are waiting for the payment");
  await picture(page, "waiting-phone");
  await press(page, "Check now");
  await page.getByText("The payment is not complete yet.").waitFor();
  await stage.approve(id);
  await heading(page, "The payment is complete");
});

test("Swish shows a code for another device", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout(), "/swish?lang=en"));
  await press(page, "Show QR code");
  await page.getByRole("img", { name: "QR code to be scanned" }).waitFor();
  await picture(page, "waiting-code");
});

test("without script, a page that waits is loaded again until it is told to stop", async () => {
  const page = await open({ javaScriptEnabled: false });
  const id = await stage.checkout();
  await page.goto(stage.at(id, "/swish?lang=en"));
  await page.getByLabel("Mobile phone number").fill("0701234567");
  await press(page, "Pay");
  await heading(page, "We are waiting for the payment");
  await follow(page, "Stop checking by itself");
  await page.getByText("does not check by itself").waitFor();
  await stage.approve(id);
  await page.waitForTimeout(5_500);
  await heading(page, "We are waiting for the payment");
  await follow(page, "Check by itself");
  await heading(page, "The payment is complete");
});

test("without script, a page that waits checks by itself", async () => {
  const page = await open({ javaScriptEnabled: false });
  const id = await stage.checkout();
  await page.goto(stage.at(id, "/swish?lang=en"));
  await press(page, "Show QR code");
  await heading(page, "We are waiting for the payment");
  await stage.approve(id);
  await heading(page, "The payment is complete");
});

test("without script, a card pays and the bank asks", async () => {
  const page = await open({ javaScriptEnabled: false });
  const id = await stage.checkout();
  await page.goto(stage.at(id));
  await follow(page, "Card");
  await fillCard(page, { number: "1" });
  await press(page, "Pay");
  await page.getByRole("alert").getByText("12 to 19 digits").waitFor();
  await fillCard(page, { number: CHALLENGED_CARD });
  await press(page, "Pay");
  await heading(page, "Go on to pay");
  await press(page, "Go on to your bank");
  await heading(page, "Bank");
  await press(page, "approve");
  await heading(page, "The payment is complete");
  await follow(page, "Back to Åkes Cykel & Sport");
  await heading(page, "Shop");
});

test("time runs out", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout({ left_ms: 1_500 })));
  await heading(page, "Time is up");
  await picture(page, "expired");
});

test("a warning comes before the end, and more time is given without losing anything", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout({ left_ms: 2 * MINUTE + 3_000 }), "/card?lang=en"));
  await page.getByText("You have 3 minutes left to pay.").waitFor();
  await page.getByLabel("Name on the card").fill("Al Vi");
  await page.locator("#told", { hasText: "Time is nearly up" }).waitFor();
  await picture(page, "warning");
  await press(page, "Give me more time");
  await page.getByText("You have 30 minutes left to pay.").waitFor();
  await page.getByText("You have been given more time.").waitFor();
  assert.equal(await page.getByLabel("Name on the card").inputValue(), "Al Vi");
});

test("without script, more time is given too", async () => {
  const page = await open({ javaScriptEnabled: false });
  await page.goto(stage.at(await stage.checkout({ left_ms: MINUTE }), "/card?lang=en"));
  await page.getByRole("alert").getByText("Time is nearly up").waitFor();
  await press(page, "Give me more time");
  await page.getByText("You have 30 minutes left to pay.").waitFor();
  await heading(page, "Pay by card");
});

test("who goes back after paying sees the result, not a form", async () => {
  const page = await open();
  const id = await stage.checkout();
  await page.goto(stage.at(id));
  await follow(page, "Card");
  await fillCard(page);
  await press(page, "Pay");
  await heading(page, "The payment is complete");
  await page.goBack();
  await heading(page, "The payment is complete");
  await page.reload();
  await heading(page, "The payment is complete");
  assert.equal(await stage.payments(id), 1);
});

test("a button that is pressed twice pays once", async () => {
  for (const javaScriptEnabled of [true, false]) {
    const page = await open({ javaScriptEnabled });
    const id = await stage.checkout();
    await page.goto(stage.at(id, "/card?lang=en"));
    await fillCard(page);
    await page.getByRole("button", { name: "Pay" }).dblclick();
    await heading(page, "The payment is complete");
    assert.equal(await stage.payments(id), 1);
  }
});

test("a form that is sent twice is one attempt, whatever comes of it", async () => {
  for (const [holder, end] of [["Al Vi", /complete/], ["800.100.203", /declined/]]) {
    const page = await open();
    const id = await stage.checkout();
    await page.goto(stage.at(id, "/card?lang=en"));
    await fillCard(page, { holder });
    // As a browser does on a bad line, or a proxy: the very same request, again.
    const statuses = await page.evaluate(() => {
      const form = document.querySelector("main form");
      const body = new URLSearchParams(new FormData(form));
      const send = () => fetch(form.action, { method: "POST", body }).then((got) => got.status);
      return Promise.all([send(), send(), send()]);
    });
    assert.deepEqual(statuses, [200, 200, 200]);
    await page.goto(stage.at(id));
    await heading(page, end);
    assert.equal(await stage.payments(id), 1);
  }
});

test("two windows of one checkout pay once", async () => {
  const [first, second] = [await open(), await open()];
  const id = await stage.checkout();
  for (const page of [first, second]) {
    await page.goto(stage.at(id, "/card?lang=en"));
    await fillCard(page);
  }
  await Promise.all([press(first, "Pay"), press(second, "Pay")]);
  await heading(first, "The payment is complete");
  await heading(second, "The payment is complete");
  assert.equal(await stage.payments(id), 1);
});

test("the keyboard is enough, and one always sees where it is", async () => {
  const page = await open();
  await page.goto(stage.at(await stage.checkout()));
  const tabTo = async (name) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      const now = await page.evaluate(() => {
        const focused = document.activeElement;
        const style = getComputedStyle(focused);
        const label = focused.labels?.[0]?.textContent ?? focused.textContent;
        return { label, outline: style.outlineStyle, width: parseFloat(style.outlineWidth) };
      });
      if (now.label.trim() === "" || now.label.includes("2026")) continue;
      assert.notEqual(now.outline, "none", `no focus is seen at ${now.label}`);
      assert.ok(now.width >= 2, `no focus is seen at ${now.label}`);
      if (now.label.startsWith(name)) return;
    }
    assert.fail(`the keyboard does not reach ${name}`);
  };
  await tabTo("Card");
  await page.keyboard.press("Enter");
  await heading(page, "Pay by card");
  const typed = [
    ["Card number", CARD],
    ["Name on the card", "Al Vi"],
    ["Month", "05"],
    ["Year", "34"],
    ["Security code", "123"],
  ];
  for (const [label, text] of typed) {
    await tabTo(label);
    await page.keyboard.type(text);
  }
  await tabTo("Save the card");
  await page.keyboard.press("Space");
  await tabTo("Pay");
  await page.keyboard.press("Enter");
  await heading(page, "The payment is complete");
  await tabTo("Back to");
  await page.keyboard.press("Enter");
  await heading(page, "Shop");
});

test("the widget pays inside the merchant's page", async () => {
  const page = await open();
  const id = await stage.checkout();
  await page.goto(`${stage.base}/shop/cart?id=${id}`);
  const frame = page.frameLocator("iframe");
  await frame.getByRole("link", { name: "Card", exact: true }).click();
  assert.equal(await frame.getByRole("button", { name: "Klarna" }).count(), 0);
  await fillCard(frame);
  await page.waitForFunction(() => document.querySelector("iframe").offsetHeight > 600);
  await picture(page, "widget");
  await frame.getByRole("button", { name: "Pay" }).click();
  await heading(page, "Shop");
  const told = new URL(page.url()).searchParams;
  assert.equal(told.get("id"), id);
  assert.equal(told.get("resourcePath"), `/v3/checkouts/${id}/payment`);
});

test("a page that is not the merchant's cannot frame the page", async () => {
  const page = await open();
  const id = await stage.checkout();
  // The same server under another name is another origin.
  const other = stage.base.replace("127.0.0.1", "localhost");
  await page.goto(`${other}/shop/done`);
  await page.evaluate((address) => {
    const frame = document.createElement("iframe");
    frame.src = address;
    document.body.append(frame);
  }, stage.at(id, "?widget=1"));
  await page.waitForTimeout(500);
  assert.equal(await page.frameLocator("iframe").getByRole("heading").count(), 0);
  assert.ok(complaints.some((complaint) => complaint.includes("frame-ancestors")), `${complaints}`);
  complaints = [];
});

/** Brings a page to each of its states; gives the state's name. */
async function* states(page, language) {
  const at = (id, rest = "") => stage.at(id, `${rest}?lang=${language}`);
  const id = await stage.checkout({ merchant: "A shop with an unusually long name, in Jokkmokk" });
  await page.goto(at(id));
  yield "ways";
  await page.goto(at(id, "/card"));
  yield "card";
  await page.locator("main form .button").click();
  await page.getByRole("alert").waitFor();
  yield "card-mistakes";
  await page.goto(at(id, "/swish"));
  yield "swish";
  await page.locator("main form .button").first().click();
  await page.getByRole("alert").waitFor();
  yield "swish-mistakes";
  await page.goto(at(id, "/swish"));
  await page.locator("main form .second").click();
  await page.locator(".qr").waitFor();
  yield "waiting-code";
  await page.locator("form[action*='/cancel'] button").click();
  await page.waitForURL(at(id));
  yield "cancelled";
  await page.goto(at(id, "/swish"));
  await page.locator("#phone").fill("0701234567");
  await page.locator("main form .button").first().click();
  await page.locator(".progress").waitFor();
  yield "waiting-phone";
  await stage.approve(id);
  await page.goto(at(id));
  yield "paid";
  const late = await stage.checkout({ left_ms: 1_000 });
  await page.goto(at(late));
  yield "warning";
  await stage.advance(1_000);
  await page.goto(at(late));
  yield "expired";
  const sent = await stage.checkout();
  await page.goto(at(sent));
  await page.locator("form[action*='/hosted'] button").first().click();
  await page.waitForURL("**/fake/psp*");
  await page.goto(at(sent));
  yield "elsewhere";
  await page.goto(`${stage.base}/checkout/unknown?lang=${language}`);
  yield "missing";
}

for (const language of ["sv", "en"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing, ${language}, ${colorScheme}`, async () => {
      const page = await open({ colorScheme });
      const found = [];
      for await (const name of states(page, language)) {
        await picture(page, `${language}-${colorScheme}-${name}`);
        found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
      }
      assert.deepEqual(found, []);
    });
  }

  test(`nothing is cut off at 320 pixels, and targets are large enough, ${language}`, async () => {
    const page = await open({ viewport: { width: 320, height: 640 } });
    for await (const name of states(page, language)) {
      await picture(page, `${language}-320-${name}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 320, `${name} is ${width} pixels wide`);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll("a, button, input:not([type=hidden])")]
          .map((target) => [target.textContent || target.id, target.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([label, box]) => `${label}: ${box.width} x ${box.height}`),
      );
      assert.deepEqual(small, [], name);
    }
  });
}
