//! The views of the recorded requests, in Rust.

use serde_json::{Map, Value};
use session_core::{Flash, Session};

/// Runs a view in Rust. Returns its result in Python's notation.
pub fn run(view: &str, session: &Session) -> Result<String, String> {
    let none = || Ok("None".to_owned());
    let number = |value: Option<i64>| value.map_or("None".to_owned(), |n| n.to_string());
    let truth = |value: bool| {
        if value {
            "True".to_owned()
        } else {
            "False".to_owned()
        }
    };
    let dict = || {
        let json: Map<String, Value> = serde_json::from_str(&session.to_json()).unwrap();
        Value::Object(json)
            .to_string()
            .replace('"', "'")
            .replace("':", "': ")
    };
    let set_a = || session.insert("a", 1).unwrap();
    // `session['l'].append(2)`: a Rust handler changes a copy.
    let append = || session.get::<Vec<i64>>("l").unwrap().unwrap().push(2);
    match view {
        "session['a'] = 1" | "session['a'] = 1; abort(404)" | "session['a'] = 1; 1/0" => {
            set_a();
            none()
        }
        "session.permanent = True; session['a'] = 1" => {
            session.set_permanent(true).unwrap();
            set_a();
            none()
        }
        "session.permanent = True" | "session.permanent = False" => {
            session.set_permanent(view.ends_with("True")).unwrap();
            none()
        }
        "session['_permanent'] = 'yes'" => {
            session.insert("_permanent", "yes").unwrap();
            none()
        }
        "session.pop('a')" => Ok(number(session.take("a").unwrap())),
        "session.pop('zz', None)" => Ok(number(session.take("zz").unwrap())),
        "session.clear()" => {
            session.clear().unwrap();
            none()
        }
        "session['z'] = 1; session.pop('z')" => {
            session.insert("z", 1).unwrap();
            Ok(number(session.take("z").unwrap()))
        }
        "session.get('a')" | "session['a']" => Ok(number(session.get("a").unwrap())),
        "session['l'] = [1]" => {
            session.insert("l", [1]).unwrap();
            none()
        }
        "session.permanent = True; session['l'] = [1]" => {
            session.set_permanent(true).unwrap();
            session.insert("l", [1]).unwrap();
            none()
        }
        "session['l'].append(2)" => {
            append();
            none()
        }
        "session['l'].append(2); session.modified = True" => {
            append();
            session.mark_modified().unwrap();
            none()
        }
        "'a' in session" => Ok(truth(session.contains_key("a"))),
        "list(session)" => Ok(format!("{:?}", session.keys()).replace('"', "'")),
        "bool(session)" => Ok(truth(!session.is_empty())),
        "session == {}" => Ok(truth(session.to_json() == "{}")),
        "session.copy()" | "dict(session)" => Ok(dict()),
        "session.setdefault('a', 5)" => {
            Ok(session.get_or_insert_with("a", || 5).unwrap().to_string())
        }
        "session.setdefault('n', 5)" => {
            Ok(session.get_or_insert_with("n", || 5).unwrap().to_string())
        }
        "session.popitem()" => {
            let key = session.keys().pop().unwrap();
            let value = session.take(&key).unwrap();
            Ok(format!("('{key}', {})", number(value)))
        }
        // In Flask an `update()` of nothing marks the session as modified, as the flag does.
        "session.update()" | "session.modified = True" => {
            session.mark_modified().unwrap();
            none()
        }
        "gfm()" => flashes(session, false, None),
        "gfm(with_categories=True)" => flashes(session, true, None),
        "gfm(category_filter=['error'])" => flashes(session, false, Some(&["error"])),
        "gfm(True, ['message', 'warning'])" => {
            flashes(session, true, Some(&["message", "warning"]))
        }
        "gfm(True, 'error_or_warning')" => flashes(session, true, Some(&["error_or_warning"])),
        "gfm(True, ['nope'])" => flashes(session, true, Some(&["nope"])),
        "flash('z'); gfm()" => {
            session.flash("z", "message").unwrap();
            flashes(session, false, None)
        }
        "gfm(True).append(('X', 'Y')); gfm(True)" => {
            session.take_flashes().unwrap().clear();
            flashes(session, true, None)
        }
        _ if view.starts_with("session['a'] = 'x1y2z3") => {
            session
                .insert("a", view.split('\'').nth(3).unwrap())
                .unwrap();
            none()
        }
        _ => Err(format!("no Rust code for the view {view}")),
    }
}

fn flashes(session: &Session, categories: bool, filter: Option<&[&str]>) -> Result<String, String> {
    let taken = match filter {
        None => session.take_flashes(),
        Some(filter) => session.take_flashes_of(filter),
    };
    let show = |flash: &Flash| {
        let message = match flash.message_as::<session_core::tagged::Markup>() {
            Ok(markup) => format!("Markup('{}')", markup.as_str()),
            Err(_) => format!("'{}'", flash.message()),
        };
        if categories {
            format!("('{}', {message})", flash.category())
        } else {
            message
        }
    };
    Ok(format!(
        "[{}]",
        taken
            .unwrap()
            .iter()
            .map(show)
            .collect::<Vec<_>>()
            .join(", ")
    ))
}
