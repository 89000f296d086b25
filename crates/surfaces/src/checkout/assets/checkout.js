// The checkout page's own script. Everything works without it; with it, a page that waits is not
// loaded again until there is news, time is counted down where it can be seen, what is typed in
// stays when more time is asked for, and the widget's frame is as high as the page.
"use strict";
(() => {
  const body = document.body;
  const CHECK_MS = 3000;

  async function standing() {
    const response = await fetch(body.dataset.state, { cache: "no-store" });
    return response.ok ? response.json() : null;
  }

  function lookAgain() {
    location.replace(location.href.replace(/#.*$/, ""));
  }

  // What stood here when the payer left may have changed since.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) lookAgain();
  });

  // A form is sent once; the server would not mind a second time. It can be sent again when the
  // payer comes back to it.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.busy) event.preventDefault();
    form.dataset.busy = "yes";
    setTimeout(() => delete form.dataset.busy, 5000);
  });

  const forward = document.querySelector("form[data-sent]");
  if (forward) {
    // Coming back must not send the payer on again.
    history.replaceState(null, "", location.href.replace("&go=1", ""));
    forward.submit();
  }

  if (body.dataset.checks) {
    const check = async () => {
      try {
        const now = await standing();
        if (now && now.standing !== body.dataset.standing) return lookAgain();
      } catch {
        // The network is gone for a while; the next check may find it.
      }
      setTimeout(check, CHECK_MS);
    };
    setTimeout(check, CHECK_MS);
  }

  const countdown = document.getElementById("countdown");
  if (countdown) {
    const left = document.getElementById("left");
    const told = document.getElementById("told");
    const words = countdown.dataset;
    let ends = performance.now() + Number(body.dataset.leftMs);
    let warned = countdown.classList.contains("warning");
    const show = () => {
      const ms = Math.max(0, ends - performance.now());
      if (ms === 0) return lookAgain();
      const isWarning = ms <= Number(words.warningMs);
      const text = isWarning
        ? words.seconds.replace("{}", Math.floor(ms / 1000))
        : words.minutes.replace("{}", Math.ceil(ms / 60000));
      // Said aloud once, when it becomes a warning; the figures that follow are only seen.
      if (isWarning && !warned) told.textContent = text;
      if (!isWarning && warned) told.textContent = words.extended;
      warned = isWarning;
      left.removeAttribute("role");
      if (left.textContent !== text) left.textContent = text;
      countdown.classList.toggle("warning", isWarning);
      setTimeout(show, isWarning ? 1000 : Math.min(10000, ms - Number(words.warningMs) + 50));
    };
    setTimeout(show, 1000);
    const more = countdown.querySelector("form");
    if (more) {
      more.addEventListener("submit", (event) => {
        event.preventDefault();
        fetch(more.action, { method: "POST", redirect: "manual" })
          .then(standing)
          .then((now) => {
            if (!now || now.standing !== body.dataset.standing) return lookAgain();
            ends = performance.now() + now.left_ms;
            told.textContent = words.extended;
            delete more.dataset.busy;
            show();
          })
          .catch(() => delete more.dataset.busy);
      });
    }
  }

  if (body.dataset.frames !== undefined && window.parent !== window) {
    const origins = body.dataset.frames.split(" ").filter(Boolean);
    const above = location.ancestorOrigins && location.ancestorOrigins[0];
    // "*" is whoever frames the page: the browser has held that against the page's policy.
    const named = above ? origins.filter((origin) => origin === above) : origins;
    const told = origins.includes("*") ? [above || "*"] : named;
    const tell = (message) =>
      told.forEach((origin) => window.parent.postMessage({ kassa: 1, ...message }, origin));
    new ResizeObserver(() =>
      tell({ height: Math.ceil(document.documentElement.getBoundingClientRect().height) }),
    ).observe(document.documentElement);
    if (body.dataset.standing === "paid") tell({ paid: true });
  }
})();
