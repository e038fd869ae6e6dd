//! The constant parts of the pages.

pub(super) const INTRODUCTION: &str = r#"<p class="lead">Everything this page knows about you is in one signed cookie.
Press something, read the server’s answer below, and reload the page to see what your session has become.</p>
"#;

pub(super) const INTRODUCTION_STORED: &str = r#"<p class="lead">Everything this page knows about you is on the server; your cookie
holds an id. Press something, read the server’s answer below, and reload the page to see what your session has become.</p>
"#;

pub(super) const COOKIE_NOTE: &str = "A signed cookie can be read by its user, but not changed: a single altered byte \
breaks the\nsignature, and the session starts empty. Keep secrets out of it.";

pub(super) const ENCRYPTED_NOTE: &str = "An encrypted cookie can neither be read nor changed without the key: it shows its length, and a \
single altered byte\nbreaks it, and the session starts empty.";

pub(super) const STORED_NOTE: &str = "The cookie is an id without content. It changes when you log in, never when you \
read or write,\nand after a logout it opens nothing any more, nor does a copy of it.";

pub(super) const LOGIN: &str = r#"<form method="post" action="/login" target="answer">
<label for="username">Your name</label>
<div class="row">
<input id="username" name="username" autocomplete="username" required>
<button class="primary">Log in</button>
</div>
<p class="hint">Any name will do, here or on the <a href="/login">login page</a>.</p>
</form>"#;

pub(super) const LOGOUT: &str = r#"<form method="post" action="/logout" target="answer">
<button class="wide">Log out</button>
<p class="hint">To be someone else, use the <a href="/login">login page</a>.</p>
</form>"#;

pub(super) const SESSIONS_LINK: &str = r#"
<p class="note"><a href="/sessions">Your sessions</a>, in this browser and in others</p>"#;

pub(super) const SESSIONS_FOOT: &str = r#"<form method="post" action="/sessions/end_all">
<button class="primary">Log out everywhere</button>
<p class="hint">This ends all your sessions at once, in this browser too. Copied cookies stop working.</p>
</form>
<p class="foot"><a href="/">Back to the tour</a></p>
"#;

pub(super) const FLASH_CARD: &str = r#"<section class="card" aria-labelledby="flash">
<h2 id="flash">Flash</h2>
<p class="note">A message for the next page. It is shown once, and then it is gone.</p>
<form class="stack" method="post" action="/flash" target="answer">
<div>
<label for="message">Message</label>
<input id="message" name="message" value="Your changes were saved." autocomplete="off" required>
</div>
<div>
<label for="category">Category</label>
<select id="category" name="category">
<option value="success">Success</option>
<option value="info">Info</option>
<option value="warning">Warning</option>
<option value="error">Error</option>
</select>
</div>
<button class="primary">Flash it</button>
</form>
<p class="foot"><a href="/flashes" target="answer">Take the messages as JSON</a></p>
</section>
"#;

pub(super) const DOCK: &str = r#"<aside class="dock" aria-labelledby="answer-title">
<div class="dock-inner">
<div class="dock-bar">
<h2 id="answer-title">The server’s answer</h2>
<a class="button primary" href="/">Reload the page</a>
</div>
<iframe name="answer" title="The server's answer" srcdoc="&lt;!doctype html&gt;&lt;meta
name=color-scheme content='light dark'&gt;&lt;style&gt;body{font:13px/1.5 ui-monospace,monospace;
opacity:.7}&lt;/style&gt;Nothing yet. Press something above."></iframe>
</div>
</aside>
"#;

pub(super) const LOGIN_PAGE: &str = r#"<section class="card narrow" aria-labelledby="login">
<h2 id="login">Log in</h2>
<p class="note">There is no password. The name goes into your session, and the server answers with a redirect
to <code>/profile</code>, which greets you in plain text.</p>
<form class="stack" method="post" action="/login">
<div>
<label for="username">Your name</label>
<input id="username" name="username" autocomplete="username" required autofocus>
</div>
<button class="primary">Log in</button>
</form>
<p class="foot"><a href="/">Back to the tour</a></p>
</section>
"#;
