import { expect, test } from "../fixtures/demoStudy.js";
import { enginePairs } from "../fixtures/engines.js";

const playing = "Keep the ball in play, together";
/** On a busy machine a measurement may come to nothing, and is made again after a while. */
const patience = { timeout: 25_000 };
const phone = { viewport: { width: 390, height: 844 } };

test.describe.configure({ timeout: 90_000 });

for (const [first, second] of enginePairs) {
  test(`two tabs of the demo are enough for a rally: ${first} with ${second}`, async ({ demo }) => {
    const ada = await demo.visit(first);
    const ben = await demo.visit(second, phone);
    await ada.join();
    await expect(ada.title).toHaveText("Waiting for a partner");
    await expect(ada.fact("Your place in line")).toHaveText("1");
    await expect(ada.fact("Expected wait")).toHaveText("not known yet");
    await ben.join();

    for (const tab of [ada, ben]) {
      await expect(tab.title).toHaveText(playing, patience);
      await expect(tab.fact("Round trip that decided")).toHaveText(/^[\d.]+\sms$/);
      await tab.press("Play for me");
    }
    for (const tab of [ada, ben]) {
      await expect(tab.fact("Round trip now")).toHaveText(/^[\d.]+\sms$/);
      await expect(tab.fact("Longest rally")).toHaveText(/^([2-9]|\d\d)$/, { timeout: 20_000 });
    }
    await ada.press("Finish");
    await expect(ada.title).toHaveText("Thank you for playing");
    await expect(ben.title).toHaveText("Your partner has finished");
    await expect(ben.page.getByText("RALLY-COMPLETE")).toBeVisible();
    expect([...ada.complaints, ...ben.complaints]).toEqual([]);
  });
}

test("a slow tab of the demo is turned down, and the senior one is matched with a near third", async ({
  demo,
}) => {
  const senior = await demo.visit("chromium");
  await senior.join();
  const slow = await demo.visit("chromium", phone);
  await slow.slowDown(320);
  await slow.join();
  for (const tab of [senior, slow]) {
    await expect(tab.page.locator(".intro", { hasText: "too long for a rally" })).toBeVisible(patience);
    await expect(tab.title).toHaveText("Back in your place");
    await expect(tab.fact("People waiting")).toHaveText("2");
  }
  await expect(senior.fact("Your place in line")).toHaveText("1");

  const near = await demo.visit("chromium");
  await near.join();
  await expect(near.title).toHaveText(playing, patience);
  await expect(senior.title).toHaveText(playing, patience);
  await expect(slow.title).toHaveText("Back in your place");
  expect([...senior.complaints, ...slow.complaints, ...near.complaints]).toEqual([]);
});

test("a reload keeps the place in the demo, and a tab closed in the middle of a rally is noticed", async ({
  demo,
}) => {
  const ada = await demo.visit("chromium");
  await ada.join();
  await expect(ada.fact("Your place in line")).toHaveText("1");
  await ada.page.reload();
  await expect(ada.title).toHaveText("Waiting for a partner");
  await expect(ada.fact("People waiting")).toHaveText("1");

  const ben = await demo.visit("chromium");
  await ben.join();
  await expect(ada.title).toHaveText(playing, patience);
  await expect(ben.title).toHaveText(playing, patience);
  await ben.page.close();
  await expect(
    ada.page.locator(".notice").getByText(/Your partner.*(cannot be reached|is gone|has ended)/),
  ).toBeVisible(patience);
  await ada.press("Finish");
  await expect(ada.page.getByText(/RALLY-(PARTNER-GONE|CONNECTION-ENDED)/)).toBeVisible();
  expect(ada.complaints).toEqual([]);
});

test("a reload in the middle of a rally of the demo goes on with it", async ({ demo }) => {
  const ada = await demo.visit("chromium");
  const ben = await demo.visit("firefox");
  for (const tab of [ada, ben]) await tab.join();
  for (const tab of [ada, ben]) await expect(tab.title).toHaveText(playing, patience);
  await ben.page.reload();
  await expect(ben.title).toHaveText(playing, patience);
  for (const tab of [ada, ben]) await tab.press("Play for me");
  for (const tab of [ada, ben])
    await expect(tab.fact("Longest rally")).toHaveText(/^([2-9]|\d\d)$/, { timeout: 30_000 });
  await ben.press("Finish");
  await expect(ada.title).toHaveText("Your partner has finished");
  expect([...ada.complaints, ...ben.complaints]).toEqual([]);
});

test("no page of the demo is wider than a phone", async ({ demo }) => {
  const tab = await demo.visit("chromium", phone);
  const overflow = () => tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(await overflow()).toBeLessThanOrEqual(0);
  await tab.slowDown(20);
  await tab.join();
  await expect(tab.title).toHaveText("Waiting for a partner");
  expect(await overflow()).toBeLessThanOrEqual(0);
  const partner = await demo.visit("chromium");
  await partner.join();
  await expect(tab.title).toHaveText(playing, patience);
  expect(await overflow()).toBeLessThanOrEqual(0);
  await tab.press("Finish");
  await expect(tab.title).toHaveText("Thank you for playing");
  expect(await overflow()).toBeLessThanOrEqual(0);
});
