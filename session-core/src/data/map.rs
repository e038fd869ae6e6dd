//! The modified-tracking map: keys sorted by code point, each value as its JSON text, so that what nobody touched goes
//! back byte for byte, also what Rust cannot represent.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::data::change::{Change, TypeMismatch};
use crate::data::flash::Flash;
use crate::data::index::{Entry, Key, Span, Text};
use crate::data::{counter, index};
use crate::json::de::from_text;
use crate::json::scan::{Cursor, NotJson};
use crate::json::text;

/// The content of a session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Map {
    /// The text that was opened; entries point into it until they are changed.
    base: Option<Arc<str>>,
    /// Sorted by key, no key twice.
    entries: Vec<Entry>,
    flashes: Vec<Flash>,
    /// Who is logged in, as a JSON string: in cookies of our formats alone. A record's user is the store's to keep.
    user: Option<Text>,
    modified: bool,
    /// All changes in order, if somebody will merge them.
    record: Option<Vec<Change<'static>>>,
    /// In Flask's format: the key, in WTF-8, of a session that came guarded because it had only this one.
    guarded: Option<Box<[u8]>>,
}

/// A value's text, independent of the map and its lock.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    text: Arc<str>,
    range: Range<usize>,
}

impl Value {
    pub(crate) fn as_str(&self) -> &str {
        &self.text[self.range.clone()]
    }
}

impl Map {
    /// Reads an object: `base` must be one JSON object, with at most `depth` levels.
    pub(crate) fn from_object(base: Arc<str>, depth: usize) -> Result<Self, NotJson> {
        let mut map = Self::default();
        map.read_object(base, depth)?;
        Ok(map)
    }

    /// As [`read_ours`](Self::read_ours), of nothing.
    pub(crate) fn from_ours(base: Arc<str>, depth: usize) -> Result<Self, NotJson> {
        let mut map = Self::default();
        map.read_ours(base, depth)?;
        Ok(map)
    }

    fn read_object(&mut self, base: Arc<str>, depth: usize) -> Result<(), NotJson> {
        let mut cursor = Cursor::new(&base);
        let entries = index::read(&mut cursor, depth)?;
        cursor.end()?;
        (self.base, self.entries, self.flashes, self.user) =
            (Some(base), entries, Vec::new(), None);
        Ok(())
    }

    /// Reads our own format: `{..}`, or `[{..},[flash, ..]]` while flashes are pending, or `[{..},[..],"user"]` while
    /// somebody is logged in. Into a map that is there already, since it is large and would else be copied a few times
    /// on its way.
    pub(crate) fn read_ours(&mut self, base: Arc<str>, depth: usize) -> Result<(), NotJson> {
        let mut cursor = Cursor::new(&base);
        if !cursor.eat(b'[') {
            return self.read_object(base, depth);
        }
        let entries = index::read(&mut cursor, depth.saturating_sub(1))?;
        cursor.expect(b',')?;
        cursor.expect(b'[')?;
        let mut flashes = Vec::new();
        if !cursor.eat(b']') {
            loop {
                let flash = cursor.value(depth.saturating_sub(2))?;
                flashes.push(Flash::read(&base[flash]).ok_or(NotJson)?);
                if !cursor.eat(b',') {
                    break;
                }
            }
            cursor.expect(b']')?;
        }
        let user = if cursor.eat(b',') {
            Some(read_user(&mut cursor)?)
        } else {
            None
        };
        if flashes.is_empty() && user.is_none() {
            return Err(NotJson);
        }
        cursor.expect(b']')?;
        cursor.end()?;
        (self.base, self.entries, self.flashes, self.user) = (Some(base), entries, flashes, user);
        Ok(())
    }

    /// The text that it was read from.
    fn base(&self) -> &str {
        self.base.as_deref().unwrap_or_default()
    }

    /// Writes what [`from_ours`](Self::from_ours) reads.
    pub(crate) fn write_ours(&self, out: &mut String) {
        if self.flashes.is_empty() && self.user.is_none() {
            return self.write_object(out, false);
        }
        out.push('[');
        self.write_object(out, false);
        out.push_str(",[");
        for (index, flash) in self.flashes.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            flash.write(out);
        }
        out.push(']');
        if let Some(user) = &self.user {
            out.extend([",", user.as_str(self.base())]);
        }
        out.push(']');
    }

    /// Octets that the text will take, roughly: it saves growing step by step.
    pub(crate) fn expected_size(&self) -> usize {
        self.base().len() + 64 * (1 + self.flashes.len())
    }

    /// Writes the object alone; keys in ASCII if `ascii`, values as they are.
    pub(crate) fn write_object(&self, out: &mut String, ascii: bool) {
        // In ASCII keys may have to be escaped that were not.
        if ascii {
            return text::object(out, true, self.entries());
        }
        out.push('{');
        let (start, base, mut entries) = (out.len(), self.base(), &self.entries[..]);
        while let [first, rest @ ..] = entries {
            entries = rest;
            if out.len() > start {
                out.push(',');
            }
            let Some(mut whole) = first.range() else {
                let value = first.value.as_str(base);
                match &first.key {
                    // With its quotes.
                    Key::Base(key) => {
                        let Range { start, end } = key.range();
                        out.extend([&base[start - 1..=end], ":", value]);
                    }
                    Key::Own(key) => text::entry(out, false, key, value),
                }
                continue;
            };
            // What follows directly, as we write it: in one piece.
            while let [next, rest @ ..] = entries
                && let Some(range) = next.range().filter(|range| range.start == whole.end + 1)
            {
                whole.end = range.end;
                entries = rest;
            }
            out.push_str(&base[whole]);
        }
        out.push('}');
    }

    /// Keys as WTF-8 and values as JSON, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], &str)> {
        let base = self.base();
        self.entries
            .iter()
            .map(move |entry| (entry.key.bytes(base), entry.value.as_str(base)))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// No key, no pending flash, and nobody logged in.
    pub(crate) fn is_blank(&self) -> bool {
        self.entries.is_empty() && self.flashes.is_empty() && self.user.is_none()
    }

    /// Who is logged in, in a cookie of our formats.
    pub(crate) fn user(&self) -> Option<Arc<str>> {
        from_text::<String>(self.user.as_ref()?.as_str(self.base()))
            .ok()
            .map(Arc::from)
    }

    pub(crate) fn has_user(&self) -> bool {
        self.user.is_some()
    }

    pub(crate) fn set_user(&mut self, user: Option<&str>) {
        self.user = user.map(|user| {
            let mut json = String::new();
            text::string(&mut json, user, false);
            Text::Own(json.into())
        });
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

    /// A value's text where it stands.
    pub(crate) fn peek(&self, key: &str) -> Option<&str> {
        Some(self.entries[self.find(key).ok()?].value.as_str(self.base()))
    }

    /// The value's text, cheap to hold.
    pub(crate) fn get(&self, key: &str) -> Option<Value> {
        let entry = &self.entries[self.find(key).ok()?];
        Some(match &entry.value {
            Text::Own(text) => Value {
                text: text.clone(),
                range: 0..text.len(),
            },
            Text::Base(span) => Value {
                text: self.base.clone()?,
                range: span.range(),
            },
        })
    }

    /// Keys compare as WTF-8 bytes, which is the order of code points, Python's.
    fn find(&self, key: &str) -> Result<usize, usize> {
        let (base, key) = (self.base(), key.as_bytes());
        self.entries.binary_search_by(|entry| {
            let found = entry.key.bytes(base);
            // Most differ in their first byte, which costs no call.
            found.first().cmp(&key.first()).then_with(|| found.cmp(key))
        })
    }

    /// Applies a change that cannot misfit: anything but an increment or a push.
    pub(crate) fn change(&mut self, change: Change<'_>) {
        let applied = self.apply(change);
        debug_assert!(applied.is_ok(), "only increments and pushes can misfit");
    }

    /// Applies a change and records it; gives the sum of an increment, of another change 0. On a misfit nothing is changed.
    pub(crate) fn apply(&mut self, change: Change<'_>) -> Result<i64, TypeMismatch> {
        let mut sum = 0;
        let recorded = self.record.as_ref().map(|_| change.to_static());
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
            Change::KeepOnly(keys) => {
                let base = self.base.as_deref().unwrap_or_default();
                let kept = |entry: &Entry| {
                    keys.iter()
                        .any(|key| key.as_bytes() == entry.key.bytes(base))
                };
                self.entries.retain(kept);
                self.flashes.clear();
            }
            Change::Increment { key, by } => {
                let found = self.find(&key);
                let old = found
                    .ok()
                    .map(|index| self.entries[index].value.as_str(self.base()));
                let text;
                (sum, text) = counter::add(old, by)?;
                self.set_at(found, key, text);
            }
            Change::Push { key, item } => {
                let list = self.longer(&key, &item)?;
                self.set(key, list.into());
            }
            Change::Flash(flash) => self.flashes.push(flash),
            Change::FlashesTaken(numbers) => self
                .flashes
                .retain(|flash| !numbers.contains(&flash.number)),
        }
        self.modified = true;
        if let (Some(record), Some(change)) = (&mut self.record, recorded) {
            record.push(change);
        }
        Ok(sum)
    }

    /// The list's text with one item more.
    fn longer(&self, key: &str, item: &str) -> Result<String, TypeMismatch> {
        let list = self.peek(key).unwrap_or("[]");
        let inside = list
            .strip_prefix('[')
            .and_then(|list| list.strip_suffix(']'))
            .ok_or(TypeMismatch::NotAList)?;
        let comma = if inside.trim_ascii().is_empty() {
            ""
        } else {
            ","
        };
        Ok(format!("[{inside}{comma}{item}]"))
    }

    fn set(&mut self, key: Cow<'_, str>, value: Arc<str>) {
        self.set_at(self.find(&key), key, value);
    }

    fn set_at(&mut self, found: Result<usize, usize>, key: Cow<'_, str>, value: Arc<str>) {
        match found {
            Ok(index) => self.entries[index].value = Text::Own(value),
            Err(index) => {
                let entry = Entry {
                    key: Key::Own(key.as_bytes().into()),
                    value: Text::Own(value),
                };
                self.entries.insert(index, entry);
            }
        }
    }

    /// Keeps a record of changes from now on.
    pub(crate) fn recording(mut self) -> Self {
        self.record = Some(Vec::new());
        self
    }

    /// A map that came guarded for this key.
    pub(crate) fn guarding(mut self, key: Vec<u8>) -> Self {
        self.guarded = Some(key.into());
        self
    }

    /// Whether it came guarded for this key.
    pub(crate) fn came_guarded(&self, key: &[u8]) -> bool {
        self.guarded.as_deref() == Some(key)
    }

    /// What was done, in order.
    pub(crate) fn record(&self) -> &[Change<'static>] {
        self.record.as_deref().unwrap_or_default()
    }
}

/// The third part of our format: a string, and one that Rust has.
fn read_user(cursor: &mut Cursor<'_>) -> Result<Text, NotJson> {
    let token = cursor.string()?;
    let literal = token.range.start - 1..token.range.end + 1;
    if token.escaped {
        from_text::<String>(&cursor.text()[literal.clone()]).map_err(|_| NotJson)?;
    }
    Ok(Text::Base(Span::of(literal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn ours(text: &str) -> Map {
        Map::from_ours(text.into(), 128).unwrap()
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
    fn keys_are_sorted_by_code_point_and_the_last_of_equal_ones_counts() {
        let map =
            ours("{\"b\":1,\"\\ud83d\\ude00\":2,\"\u{ffff}\":3,\"a\":4,\"b\":5,\"\\u0061\":6}");
        assert_eq!(written(&map), "{\"a\":6,\"b\":5,\"\u{ffff}\":3,\"😀\":2}");
        assert_eq!(map.get("a").unwrap().as_str(), "6");
        assert_eq!(map.get("😀").unwrap().as_str(), "2");
    }

    #[test]
    fn what_is_no_session() {
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
            assert!(Map::from_ours(text.into(), 128).is_err(), "{text}");
        }
        let deep = |levels: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(levels - 1),
                "]".repeat(levels - 1)
            )
        };
        assert!(Map::from_ours(deep(128).into(), 128).is_ok());
        assert!(Map::from_ours(deep(129).into(), 128).is_err());
        assert!(Map::from_object(deep(10_000).into(), 1000).is_err());
    }

    #[test]
    fn misfits_change_nothing() {
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
        assert!(!map.is_modified() && map.record().is_empty());
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
        assert!(!map.is_blank() && map.len() == 0);
    }

    #[test]
    fn a_user_is_content_and_stands_behind_it() {
        let mut map = ours("{\"a\":1}");
        assert!(!map.has_user() && map.user().is_none());
        map.set_user(Some("ad\"a\u{1}é"));
        assert_eq!(written(&map), "[{\"a\":1},[],\"ad\\\"a\\u0001é\"]");
        assert_eq!(ours(&written(&map)).user().as_deref(), Some("ad\"a\u{1}é"));
        map.change(Change::KeepOnly(Vec::new()));
        assert!(!map.is_blank() && map.has_user());
        map.change(Change::Clear);
        assert!(map.is_blank());
        map.set_user(Some("ada"));
        map.set_user(None);
        assert_eq!(written(&map), "{}");
    }

    #[test]
    fn what_is_kept_alone() {
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

    /// The plainest model: values as trees.
    #[derive(Default)]
    struct Model {
        entries: BTreeMap<String, serde_json::Value>,
        flashes: Vec<u32>,
    }

    impl Model {
        /// Whether the change fitted.
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
        /// Entries that are written in one piece are what they are one by one, whatever stands around them.
        #[test]
        fn pieces_equal_entries(
            entries in prop::collection::vec(("\\PC{0,3}", prop::sample::select(vec!["", " "]), 0..300_u32), 0..12),
            changed in prop::collection::vec(0..12_usize, 0..3),
        ) {
            let spell = |(key, space, value): &(String, &str, u32)| {
                format!("{}{space}:{space}{value}", serde_json::to_string(key).unwrap())
            };
            let mut map = ours(&format!("{{{}}}", entries.iter().map(spell).collect::<Vec<_>>().join(",")));
            for index in changed {
                if let Some((key, ..)) = entries.get(index) {
                    map.change(set(key, "\"new\""));
                }
            }
            let (mut pieces, mut one_by_one) = (String::new(), String::new());
            map.write_object(&mut pieces, false);
            text::object(&mut one_by_one, false, map.entries());
            prop_assert_eq!(pieces, one_by_one);
        }

        /// Any changes, written and read again now and then, equal the model; and the record, applied to the same
        /// beginning, gives the same.
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
            map.write_object(&mut found, false);
            let same: serde_json::Value = serde_json::from_str(&found).unwrap();
            prop_assert_eq!(serde_json::to_string(&same).unwrap(), expected);
            prop_assert_eq!(map.flashes().iter().map(|flash| flash.number).collect::<Vec<_>>(), model.flashes);
            prop_assert_eq!(map.len(), model.entries.len());

            let mut replayed = Map::default();
            for change in whole.record() {
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
