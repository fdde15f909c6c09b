// The dashboards' script: forms that keep their input after a refusal, hooks instead of inline handlers, the language, and
// renewal of the session while the user is active.
(function () {
    "use strict";
    const token = () => document.querySelector('meta[name="csrf-token"]').content;
    const words = () => document.querySelector('meta[name="lj-words"]').dataset;
    const RENEW_AFTER = 8 * 60 * 1000;
    let renewedAt = Date.now();

    // The list library reads the CSRF token from its own cookie; here it is in the page.
    const cookie = window.Cookies && window.Cookies.get;
    if (cookie) {
        window.Cookies = Object.assign({}, window.Cookies, {
            get: (name) => (name === "starlette_admin_csrftoken" ? token() : cookie.call(window.Cookies, name)),
            set: window.Cookies.set,
        });
    }

    document.addEventListener("click", (event) => {
        const hook = event.target.closest("[data-lj]");
        if (!hook) return;
        if (hook.dataset.lj === "apply-columns") window.applyColumnVisibility();
        if (hook.dataset.lj === "language") {
            event.preventDefault();
            document.cookie = `lingjun_language=${hook.dataset.ljValue}; path=/; max-age=31536000; samesite=lax`;
            window.location.reload();
        }
        if (hook.dataset.lj === "copy") navigator.clipboard.writeText(hook.dataset.ljValue);
        if (hook.dataset.lj === "print") window.print();
    });
    document.addEventListener("change", (event) => {
        if (event.target.matches('[data-lj="go-to-value"]')) window.location = event.target.value;
        if (event.target.matches('[data-lj="submit-on-change"]')) event.target.form.requestSubmit();
    });

    document.addEventListener("submit", (event) => {
        if (!event.target.matches('form[data-lj="form"]')) return;
        event.preventDefault();
        send(event.target, event.submitter);
    });

    async function send(form, button) {
        clear(form);
        const buttons = form.querySelectorAll('button[type="submit"]');
        const data = new FormData(form);
        if (button && button.name) data.append(button.name, button.value);
        const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
        buttons.forEach((each) => (each.disabled = true));
        try {
            let answer = await post(form, body);
            if (answer.status === 401 && (await renewed())) answer = await post(form, body);
            let found = await answer.json();
            if (found.code === "csrf" && (await refreshed())) {
                answer = await post(form, body);
                found = await answer.json();
            }
            if (answer.ok) {
                goOn(found.to);
                return;
            }
            show(form, answer.status === 401 ? expired(found) : found);
        } catch (error) {
            show(form, { detail: words().offline });
        }
        buttons.forEach((each) => (each.disabled = false));
    }

    // Navigate only once: a second navigation would lose the notice, which is displayed once.
    function goOn(to) {
        const [path, place] = to.split("#");
        if (path !== window.location.pathname + window.location.search) return window.location.assign(to);
        if (place) window.location.hash = place;
        window.location.reload();
    }

    function post(form, body) {
        const headers = { Accept: "application/json", "X-Lingjun-Form": "1", "X-CSRF-Token": token() };
        return fetch(form.action, { method: "POST", body, headers });
    }

    async function renewed() {
        const answer = await fetch("/session/renew", { headers: { Accept: "application/json" } });
        return answer.ok;
    }

    // After a new sign-in in another window, this page uses the new session's token.
    async function refreshed() {
        const page = await (await fetch(window.location.href)).text();
        const fresh = new DOMParser().parseFromString(page, "text/html").querySelector('meta[name="csrf-token"]');
        if (!fresh || !fresh.content || fresh.content === token()) return false;
        document.querySelector('meta[name="csrf-token"]').content = fresh.content;
        return true;
    }

    function expired(found) {
        return { detail: `${found.detail} ${words().expired}` };
    }

    function clear(form) {
        form.querySelectorAll(".is-invalid").forEach((each) => each.classList.remove("is-invalid"));
        form.querySelectorAll("[data-lj-fault]").forEach((each) => { each.textContent = ""; each.classList.remove("d-block"); });
        form.querySelector('[data-lj="refusal"]').classList.add("d-none");
    }

    function show(form, problem) {
        const place = form.querySelector('[data-lj="refusal"]');
        place.textContent = problem.detail;
        place.classList.remove("d-none");
        for (const error of problem.faults || []) {
            const name = error.field.replace(/^\//, "").split("/")[0];
            const words = form.querySelector(`[data-lj-fault="${CSS.escape(name)}"]`);
            const entry = form.querySelector(`[name="${CSS.escape(name)}"]`);
            if (entry) entry.classList.add("is-invalid");
            if (words) { words.textContent = error.message; words.classList.add("d-block"); }
        }
        place.scrollIntoView({ block: "nearest" });
    }

    function keepSession() {
        if (!token() || Date.now() - renewedAt < RENEW_AFTER) return;
        renewedAt = Date.now();
        renewed();
    }
    for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, keepSession, { passive: true });

    // The list library's only untranslated texts that users see.
    window.addEventListener("load", () => {
        const admin = window.StarletteAdmin;
        if (!admin || !admin.alertHandler) return;
        const alertHandler = admin.alertHandler;
        admin.alertHandler = (type, message, after) =>
            alertHandler(type, message === "Something went wrong!" ? words().failed : message, after);
    });
})();
