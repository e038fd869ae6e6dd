//! The content of a session: keys sorted by code point, each value as its JSON text.
//!
//! A value that is not changed is written as the same bytes that were read, even if Rust cannot represent it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::data::change::{Change, TypeMismatch};
use crate::data::flash::Flash;
use crate::data::index::{Entry, Key, Value};
use crate::data::{counter, index};
use crate::json::scan::{Cursor, NotJson};
use crate::json::{text, view};

/// The content of a session.
///
/// Entries and the user are spans of `base`, or have texts of their own. So `base` is replaced only together with them, and is
/// never changed: a [`SharedValue`] may still hold it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Map {
    /// The text that was opened; `None` if there was none.
    pub(super) base: Option<Arc<str>>,
    /// Sorted by key, no key twice.
    pub(super) entries: Vec<Entry>,
    pub(super) flashes: Vec<Flash>,
    /// The user who is logged in, as a JSON string: in cookies of our formats alone. A record has its user beside the content.
    pub(super) user: Option<Value>,
    pub(super) modified: bool,
    /// All changes in order, if the session is in a store.
    pub(super) changes: Option<Vec<Change<'static>>>,
    /// In Flask's format: the key, in WTF-8, of a session that was escaped because it had only this one.
    pub(super) escaped_key: Option<Box<[u8]>>,
}

/// A value's text, independent of the map and its lock.
#[derive(Debug, Clone)]
pub(crate) struct SharedValue {
    text: Arc<str>,
    range: Range<usize>,
}

impl SharedValue {
    pub(crate) fn as_str(&self) -> &str {
        &self.text[self.range.clone()]
    }
}

impl Map {
    /// Reads a text that is one JSON object of at most `depth` levels.
    pub(crate) fn from_object(base: Arc<str>, depth: usize) -> Result<Self, NotJson> {
        let mut cursor = Cursor::new(&base);
        let entries = index::read(&mut cursor, depth)?;
        cursor.end()?;
        Ok(Self {
            base: Some(base),
            entries,
            ..Self::default()
        })
    }

    /// Returns roughly the number of bytes that will be written.
    pub(crate) fn expected_size(&self) -> usize {
        self.base().len() + 64 * (1 + self.flashes.len())
    }

    /// Returns the text that spans point into.
    pub(super) fn base(&self) -> &str {
        self.base.as_deref().unwrap_or_default()
    }

    /// Returns keys in WTF-8 and values as JSON, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], &str)> {
        let base = self.base();
        let entries = self.entries.iter();
        entries.map(move |entry| (entry.key.bytes(base), entry.value.as_str(base)))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no key, no pending flash, and no user.
    pub(crate) fn is_empty_session(&self) -> bool {
        self.entries.is_empty() && self.flashes.is_empty() && self.user.is_none()
    }

    /// Returns the user who is logged in, in a cookie of our formats.
    pub(crate) fn user(&self) -> Option<Arc<str>> {
        let user = self.user.as_ref()?.as_str(self.base());
        Some(view::string(user)?.into())
    }

    pub(crate) fn has_user(&self) -> bool {
        self.user.is_some()
    }

    pub(crate) fn set_user(&mut self, user: Option<&str>) {
        self.user = None;
        // The text that was opened has no place for it.
        if let Some(user) = user {
            let mut json = String::new();
            text::string(&mut json, user, false);
            self.user = Some(Value::Own(json.into()));
        }
        self.modified = true;
    }

    pub(crate) fn flashes(&self) -> &[Flash] {
        &self.flashes
    }

    pub(crate) fn is_modified(&self) -> bool {
        self.modified
    }

    pub(crate) fn mark_modified(&mut self) {
        self.modified = true;
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Returns a value's text, borrowed.
    pub(crate) fn get_str(&self, key: &str) -> Option<&str> {
        let index = self.find(key).ok()?;
        Some(self.entries[index].value.as_str(self.base()))
    }

    /// Returns a value's text without copying it.
    ///
    /// A handler's `Deserialize` reads it when the map is unlocked.
    pub(crate) fn get(&self, key: &str) -> Option<SharedValue> {
        let index = self.find(key).ok()?;
        let (text, range) = match &self.entries[index].value {
            Value::Own(text) => (text.clone(), 0..text.len()),
            Value::Base(span) => (self.base.clone()?, span.clone()),
        };
        Some(SharedValue { text, range })
    }

    /// Returns the index of a key's entry, or the one where it belongs.
    fn find(&self, key: &str) -> Result<usize, usize> {
        let base = self.base();
        let entries = &self.entries;
        // In the order of WTF-8 bytes, which is the one of code points.
        entries.binary_search_by(|entry| entry.key.bytes(base).cmp(key.as_bytes()))
    }

    /// Applies a change that fits any map: not an increment or a push.
    pub(crate) fn change(&mut self, change: Change<'_>) {
        let applied = self.apply(change);
        debug_assert!(applied.is_ok(), "only increments and pushes may not fit");
    }

    /// Applies a change and records it. Returns the sum of an increment, 0 for another change. After an error nothing is changed.
    pub(crate) fn apply(&mut self, change: Change<'_>) -> Result<i64, TypeMismatch> {
        let mut sum = 0;
        // Borrowed keys do not live as long as the map.
        let recorded = self.changes.is_some().then(|| change.to_static());
        match change {
            Change::Set { key, value } | Change::Update { key, value } => self.set(key, value),
            Change::Remove { key } => {
                if let Ok(index) = self.find(&key) {
                    self.entries.remove(index);
                }
            }
            Change::Clear => {
                self.entries.clear();
                self.flashes.clear();
                self.user = None;
            }
            Change::KeepOnly(keys) => self.keep_only(&keys),
            Change::Increment { key, by } => {
                let text;
                (sum, text) = counter::add(self.get_str(&key), by)?;
                self.set(key, text);
            }
            Change::Push { key, item } => {
                let list = with_item(self.get_str(&key).unwrap_or("[]"), &item)?;
                self.set(key, list.into());
            }
            Change::Flash(flash) => self.flashes.push(flash),
            Change::FlashesTaken(numbers) => {
                let is_left = |flash: &Flash| !numbers.contains(&flash.number);
                self.flashes.retain(is_left);
            }
        }
        self.modified = true;
        if let Some(changes) = &mut self.changes {
            changes.extend(recorded);
        }
        Ok(sum)
    }

    fn keep_only(&mut self, keys: &[Cow<'_, str>]) {
        let base = self.base.as_deref().unwrap_or_default();
        self.entries.retain(|entry| {
            let found = entry.key.bytes(base);
            keys.iter().any(|key| key.as_bytes() == found)
        });
        self.flashes.clear();
    }

    fn set(&mut self, key: Cow<'_, str>, value: Arc<str>) {
        let value = Value::Own(value);
        match self.find(&key) {
            Ok(index) => self.entries[index].value = value,
            Err(index) => {
                let key = Key::Own(key.as_bytes().into());
                self.entries.insert(index, Entry { key, value });
            }
        }
    }
}

/// Returns a list's text with one more item.
fn with_item(list: &str, item: &str) -> Result<String, TypeMismatch> {
    let mut items = view::items(list).ok_or(TypeMismatch::NotAList)?;
    let comma = if items.next().is_some() { "," } else { "" };
    // The items before keep their text, whitespace included.
    let open = &list[..list.len() - 1];
    Ok(format!("{open}{comma}{item}]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn from_ours(text: &str) -> Result<Map, NotJson> {
        let mut map = Map::default();
        map.read_ours(text.into(), 128)?;
        Ok(map)
    }

    fn ours(text: &str) -> Map {
        from_ours(text).unwrap()
    }

    fn written(map: &Map) -> String {
        let mut out = String::new();
        map.write_ours(&mut out);
        out
    }

    fn set(key: &str, value: &str) -> Change<'static> {
        Change::Set {
            key: key.to_owned().into(),
            value: value.into(),
        }
    }

    fn flash(number: u32) -> Flash {
        Flash {
            number,
            category: "info".into(),
            message: format!("\"{number}\"").into(),
        }
    }

    #[test]
    fn untouched_values_go_back_byte_for_byte() {
        for text in [
            r#"{"a":1e400,"b":"\ud800","c":[ 1 , -0 ],"d":{"z":1,"a":2},"e":123456789012345678901234567890,"f":NaN}"#,
            r#"[{"a":1},[[7,"info","x"],[4294967295,"",{" m":"<b>"}]]]"#,
            r#"[{"a":1},[[7,"info","x"]],"ada"]"#,
            r#"[{},[],"\u0061da \ud83d\ude00"]"#,
            r#"[{},[],""]"#,
            r#"{"é":2,"\ud800":1}"#,
            "{}",
        ] {
            let mut map = ours(text);
            assert_eq!(written(&map), text);
            map.change(set("zz", "1"));
            map.change(Change::Remove { key: "zz".into() });
            assert_eq!(written(&map), text);
        }
    }

    #[test]
    fn keys_are_sorted_by_code_point_and_the_last_of_equal_ones_stays() {
        let map =
            ours("{\"b\":1,\"\\ud83d\\ude00\":2,\"\u{ffff}\":3,\"a\":4,\"b\":5,\"\\u0061\":6}");
        assert_eq!(written(&map), "{\"a\":6,\"b\":5,\"\u{ffff}\":3,\"😀\":2}");
        assert_eq!(map.get("a").unwrap().as_str(), "6");
        assert_eq!(map.get("😀").unwrap().as_str(), "2");
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "null",
            "[]",
            "[{}]",
            "[{},[]]",
            "[{},[],null]",
            "[{},[],42]",
            "[{},[],[\"ada\"]]",
            "[{},[],{\" m\":\"ada\"}]",
            "[{},[],\"\\ud800\"]",
            "[{},[],\"ada\",1]",
            "[{},[],]",
            "[{},\"ada\"]",
            "[{},[,],\"ada\"]",
            "[{},[[1,\"a\"]]]",
            "[{},[[-1,\"a\",1]]]",
            "[{},[[1,2,3]]]",
            "{} {}",
            "[{},[[4294967296,\"a\",1]]]",
            "[[],[]]",
            "[{},[[1,\"a\",1]],1]",
            "{\"a\"}",
            "[{},[[1,\"a\",1,2]]]",
        ] {
            assert!(from_ours(text).is_err(), "{text}");
        }
        let deep = |levels: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        assert!(from_ours(&deep(128)).is_ok());
        assert!(from_ours(&deep(129)).is_err());
        assert!(Map::from_object(deep(10_000).into(), 1000).is_err());
    }

    #[test]
    fn a_change_that_does_not_fit_changes_nothing() {
        let text = r#"{"f":1.5,"l":[1],"max":9223372036854775807,"n":null,"s":"1"}"#;
        let mut map = ours(text).recording();
        for (key, mismatch) in [
            ("f", TypeMismatch::NotACounter),
            ("n", TypeMismatch::NotACounter),
            ("s", TypeMismatch::NotACounter),
            ("max", TypeMismatch::Overflow),
        ] {
            assert_eq!(
                map.apply(Change::Increment {
                    key: key.into(),
                    by: 1
                }),
                Err(mismatch)
            );
        }
        assert_eq!(
            map.apply(Change::Push {
                key: "s".into(),
                item: "1".into()
            }),
            Err(TypeMismatch::NotAList)
        );
        assert!(!map.is_modified() && map.changes().is_empty());
        assert_eq!(written(&map), text);
    }

    #[test]
    fn a_take_removes_exactly_what_it_saw() {
        let mut map = ours("{}");
        for number in [1, 2, 3] {
            map.change(Change::Flash(flash(number)));
        }
        map.change(Change::FlashesTaken(vec![1, 3]));
        assert_eq!(map.flashes(), [flash(2)]);
        assert!(!map.is_empty_session() && map.len() == 0);
    }

    #[test]
    fn a_user_is_content_and_is_written_behind_it() {
        let mut map = ours("{\"a\":1}");
        assert!(!map.has_user() && map.user().is_none());
        map.set_user(Some("ad\"a\u{1}é"));
        assert_eq!(written(&map), "[{\"a\":1},[],\"ad\\\"a\\u0001é\"]");
        assert_eq!(ours(&written(&map)).user().as_deref(), Some("ad\"a\u{1}é"));
        map.change(Change::KeepOnly(Vec::new()));
        assert!(!map.is_empty_session() && map.has_user());
        map.change(Change::Clear);
        assert!(map.is_empty_session());
        map.set_user(Some("ada"));
        map.set_user(None);
        assert_eq!(written(&map), "{}");
    }

    #[test]
    fn keep_only_removes_all_other_keys() {
        let mut map = ours("[{\"a\":1,\"b\":2,\"\\u0063\":3},[[7,\"info\",\"x\"]]]");
        map.change(Change::KeepOnly(vec![
            "c".into(),
            "a".into(),
            "missing".into(),
        ]));
        assert_eq!(
            (written(&map).as_str(), map.is_modified()),
            ("{\"a\":1,\"c\":3}", true)
        );
    }

    fn any_change() -> impl Strategy<Value = Change<'static>> {
        let key = prop::sample::select(vec!["a", "b", "c", "é", "_flashes", " t"]);
        let value = prop::sample::select(vec![
            "1",
            "2.0",
            "0.5",
            "\"x\"",
            "[]",
            "[1, 2 ]",
            "{\"k\":[]}",
            "null",
        ]);
        prop_oneof![
            3 => (key.clone(), value.clone()).prop_map(|(key, value)| set(key, value)),
            2 => key.clone().prop_map(|key| Change::Remove { key: key.into() }),
            1 => Just(Change::Clear),
            1 => prop::collection::vec(key.clone(), 0..3).prop_map(|keys| {
                Change::KeepOnly(keys.into_iter().map(Cow::from).collect())
            }),
            3 => (key.clone(), any::<i64>()).prop_map(|(key, by)| Change::Increment { key: key.into(), by: by % 100 }),
            3 => (key, value).prop_map(|(key, item)| Change::Push { key: key.into(), item: item.into() }),
            2 => (0..5_u32).prop_map(|number| Change::Flash(flash(number))),
            1 => prop::collection::vec(0..5_u32, 0..3).prop_map(Change::FlashesTaken),
        ]
    }

    /// The plainest model: values are trees.
    #[derive(Default)]
    struct Model {
        entries: BTreeMap<String, serde_json::Value>,
        flashes: Vec<u32>,
    }

    impl Model {
        /// Returns whether the change fitted.
        fn apply(&mut self, change: &Change<'_>) -> bool {
            use serde_json::Value;
            match change {
                Change::Set { key, value } | Change::Update { key, value } => {
                    self.entries
                        .insert(key.to_string(), serde_json::from_str(value).unwrap());
                }
                Change::Remove { key } => {
                    self.entries.remove(&**key);
                }
                Change::Clear => *self = Self::default(),
                Change::KeepOnly(keys) => {
                    self.entries
                        .retain(|key, _| keys.iter().any(|kept| kept == key));
                    self.flashes.clear();
                }
                Change::Increment { key, by } => {
                    let old = self
                        .entries
                        .get(&**key)
                        .cloned()
                        .unwrap_or_else(|| 0.into());
                    let sum = match (old.as_i64(), old.as_f64()) {
                        (Some(old), _) => (old + by).into(),
                        (None, Some(old)) if old.fract() == 0.0 => (old + *by as f64).into(),
                        _ => return false,
                    };
                    self.entries.insert(key.to_string(), sum);
                }
                Change::Push { key, item } => {
                    match self
                        .entries
                        .entry(key.to_string())
                        .or_insert_with(|| Value::Array(vec![]))
                    {
                        Value::Array(items) => items.push(serde_json::from_str(item).unwrap()),
                        _ => return false,
                    }
                }
                Change::Flash(flash) => self.flashes.push(flash.number),
                Change::FlashesTaken(numbers) => {
                    self.flashes.retain(|number| !numbers.contains(number))
                }
            }
            true
        }
    }

    proptest! {
        /// Entries are written without whitespace, sorted, with the last of equal keys, changed or not.
        #[test]
        fn entries_are_written_as_by_serde_json(
            entries in prop::collection::vec(("\\PC{0,3}", prop::sample::select(vec!["", " "]), 0..300_u32), 0..12),
            changed in prop::collection::vec(0..12_usize, 0..3),
        ) {
            let spell = |(key, space, value): &(String, &str, u32)| {
                format!("{}{space}:{space}{value}", serde_json::to_string(key).unwrap())
            };
            let mut map = ours(&format!("{{{}}}", entries.iter().map(spell).collect::<Vec<_>>().join(",")));
            let mut expected: BTreeMap<_, serde_json::Value> = BTreeMap::new();
            for (key, _, value) in &entries {
                expected.insert(key.as_str(), (*value).into());
            }
            for index in changed {
                if let Some((key, ..)) = entries.get(index) {
                    map.change(set(key, "\"new\""));
                    expected.insert(key.as_str(), "new".into());
                }
            }
            let mut found = String::new();
            map.write_object(&mut found);
            prop_assert_eq!(found, serde_json::to_string(&expected).unwrap());
        }

        /// Changes, written and read again now and then, equal those of the model. The recorded changes, applied to an empty map, have
        /// the same result.
        #[test]
        fn changes_equal_the_model(changes in prop::collection::vec((any_change(), any::<bool>()), 0..40)) {
            let mut model = Model::default();
            let mut map = Map::default();
            let mut whole = Map::default().recording();
            for (change, reopen) in &changes {
                let fits = model.apply(change);
                prop_assert_eq!(map.apply(change.clone()).is_ok(), fits);
                prop_assert_eq!(whole.apply(change.clone()).is_ok(), fits);
                if *reopen {
                    map = ours(&written(&map));
                }
            }
            let expected = serde_json::to_string(&model.entries).unwrap();
            let mut found = String::new();
            map.write_object(&mut found);
            let same: serde_json::Value = serde_json::from_str(&found).unwrap();
            prop_assert_eq!(serde_json::to_string(&same).unwrap(), expected);
            prop_assert_eq!(map.flashes().iter().map(|flash| flash.number).collect::<Vec<_>>(), model.flashes);
            prop_assert_eq!(map.len(), model.entries.len());

            let mut replayed = Map::default();
            for change in whole.changes() {
                prop_assert!(replayed.apply(change.clone()).is_ok());
            }
            prop_assert_eq!(written(&replayed), written(&map));
        }

        #[test]
        fn any_object_of_keys_survives(keys in prop::collection::vec(prop::collection::vec(any::<u16>(), 0..4), 0..6)) {
            let entries: Vec<_> = keys.iter().enumerate().map(|(at, units)| {
                let key: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
                format!("\"{key}\":{at}")
            }).collect();
            let map = ours(&format!("{{{}}}", entries.join(",")));
            prop_assert_eq!(written(&ours(&written(&map))), written(&map));
        }
    }
}
