// Kassa's payment widget for merchants' own pages:
//
//   <script src="https://pay.example/v3/paymentWidgets.js?checkoutId=ID"
//           integrity="sha256-..." crossorigin="anonymous"></script>
//   <form class="paymentWidgets" action="https://shop.example/done" data-brands="VISA SWISH"></form>
//
// Each such form is replaced by a frame of the checkout page, so that no card number is ever typed
// into the merchant's page. When the checkout is paid, the browser goes to the form's `action` with
// `id` and `resourcePath`. The page's origin must be on the merchant's list, or browsers refuse the
// frame.
"use strict";
(() => {
  const source = new URL(document.currentScript.src);
  const id = source.searchParams.get("checkoutId") || "";
  const options = window.wpwlOptions || {};
  const language = options.locale || document.documentElement.lang || "";

  function wayBack(action) {
    const url = new URL(action, location.href);
    if (url.protocol !== "https:" && url.protocol !== "http:") return null;
    url.searchParams.set("id", id);
    url.searchParams.set("resourcePath", `/v3/checkouts/${id}/payment`);
    return url.href;
  }

  function replace(form) {
    const frame = document.createElement("iframe");
    const page = new URL(`/checkout/${encodeURIComponent(id)}`, source.origin);
    page.searchParams.set("widget", "1");
    if (language) page.searchParams.set("lang", language);
    if (form.dataset.brands) page.searchParams.set("brands", form.dataset.brands);
    frame.src = page.href;
    frame.title = language.startsWith("sv") ? "Betalning" : "Payment";
    frame.className = "paymentWidgets-frame";
    frame.style.cssText = "border:0;width:100%;min-height:30rem";
    frame.referrerPolicy = "origin";
    // Only what the checkout page itself says is believed, and only numbers and a yes are taken.
    window.addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow || event.origin !== source.origin) return;
      const said = event.data;
      if (!said || said.kassa !== 1) return;
      if (Number.isFinite(said.height)) {
        frame.style.height = `${Math.min(Math.max(said.height, 100), 5000)}px`;
        frame.style.minHeight = "0";
      }
      if (said.paid === true) {
        const way = form.getAttribute("action") ? wayBack(form.action) : null;
        if (way) location.assign(way);
      }
    });
    form.replaceWith(frame);
  }

  function start() {
    document.querySelectorAll("form.paymentWidgets").forEach(replace);
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", start);
  } else {
    start();
  }
})();
