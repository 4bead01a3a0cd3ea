// Signs in at the archive; the token stays in this tab (sessionStorage) and is gone when it is closed.
"use strict";
const archive = "@ARCHIVE@";
const form = document.getElementById("form");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = Object.fromEntries(new FormData(form));
  const told = document.getElementById("told");
  try {
    const answer = await fetch(archive + "/v1/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: said.name, password: said.password, totp: said.totp }),
    });
    const found = await answer.json();
    if (!answer.ok) {
      told.textContent = found.detail || found.title;
      return;
    }
    const session = { token: found.token, until: found.until, purpose: said.purpose, reason: said.reason };
    sessionStorage.setItem("edm-session", JSON.stringify(session));
    const next = new URLSearchParams(location.search).get("next") || "/";
    const place = new URL(next, location.origin);
    location.replace(place.origin === location.origin ? place.href : "/"); // never to another site
  } catch {
    told.textContent = "Archiwum nie odpowiada / the archive does not answer: " + archive;
  }
});
