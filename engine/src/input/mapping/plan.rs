//! Plan: the paths of a mapping as one tree of keys, and the walk that fills their slots.
//!
//! A path's segments may be nested objects or, as some products write them, one literal key with dots; any mix
//! works. A path leads through lists: it means every element, and `[]` after a segment only says so.

use smallvec::SmallVec;

use super::super::json::{Scalar, Value};

/// The tree of keys. Node 0 is the root.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    nodes: Vec<Node>,
    slots: usize,
    /// Some path has several segments, so a literal key with dots may match.
    is_nested: bool,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Box<str>, usize)>,
    slot: Option<usize>,
}

/// What a record has at the plan's paths: scalars that are neither null nor empty.
pub(super) struct Found<'a> {
    /// Per slot the first value that stands in no list of objects.
    single: SmallVec<[Option<Value<'a>>; 16]>,
    /// The other values, in document order.
    more: Vec<Listed<'a>>,
    /// Objects in lists met so far.
    elements: u32,
}

/// A value, and the number from 1 of the object in a list in which it stands; 0: in none.
struct Listed<'a> {
    slot: usize,
    value: Value<'a>,
    element: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            slots: 0,
            is_nested: false,
        }
    }
}

impl Plan {
    /// Adds a path and returns its slot; the same path has the same slot.
    pub(super) fn add(&mut self, path: &str) -> usize {
        let mut at = 0;
        for segment in path
            .split('.')
            .map(|segment| segment.strip_suffix("[]").unwrap_or(segment))
        {
            self.is_nested |= at != 0;
            at = match self.nodes[at].child(segment) {
                Some(child) => child,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.push((segment.into(), child));
                    child
                }
            };
        }
        *self.nodes[at].slot.get_or_insert_with(|| {
            self.slots += 1;
            self.slots - 1
        })
    }

    /// Walks `record` once.
    pub(super) fn find<'a>(&self, record: Value<'a>) -> Found<'a> {
        let single = SmallVec::from_elem(None, self.slots);
        let mut found = Found {
            single,
            more: Vec::new(),
            elements: 0,
        };
        self.walk(&self.nodes[0], record, 0, &mut found);
        found
    }

    fn walk<'a>(&self, node: &Node, value: Value<'a>, element: u32, found: &mut Found<'a>) {
        if let Some(fields) = value.fields() {
            let mut next = 0;
            for (key, value) in fields {
                if let Some(child) = self.child(node, key, &mut next) {
                    self.walk(&self.nodes[child], value, element, found);
                }
            }
        } else if let Some(elements) = value.elements() {
            for value in elements {
                let is_object = value.fields().is_some();
                found.elements += u32::from(is_object);
                let element = if is_object { found.elements } else { element };
                self.walk(node, value, element, found);
            }
        } else if let Some(slot) = node.slot {
            found.put(slot, value, element);
        }
    }

    /// The node that `key` leads to, as one segment or as several with dots between them.
    #[inline]
    fn child(&self, node: &Node, key: &str, next: &mut usize) -> Option<usize> {
        node.child_near(key, next).or_else(|| {
            if !self.is_nested || !key.bytes().any(|byte| byte == b'.') {
                return None;
            }
            let mut segments = key.split('.');
            let first = node.child(segments.next()?)?;
            segments.try_fold(first, |at, segment| self.nodes[at].child(segment))
        })
    }
}

impl Node {
    fn child(&self, key: &str) -> Option<usize> {
        self.child_near(key, &mut 0)
    }

    /// The child called `key`, searched from `next` on and then from the start: a product writes its keys in the
    /// same order each time, so a mapping that follows it finds each at once.
    #[inline]
    fn child_near(&self, key: &str, next: &mut usize) -> Option<usize> {
        if let Some((name, child)) = self.children.get(*next)
            && **name == *key
        {
            *next += 1;
            return Some(*child);
        }
        let at = self.children.iter().position(|(name, _)| **name == *key)?;
        *next = at + 1;
        Some(self.children[at].1)
    }
}

impl<'a> Found<'a> {
    #[inline]
    fn put(&mut self, slot: usize, value: Value<'a>, element: u32) {
        if value.is_nothing() {
            return;
        }
        match &mut self.single[slot] {
            single @ None if element == 0 => *single = Some(value),
            _ => self.more.push(Listed {
                slot,
                value,
                element,
            }),
        }
    }

    /// The first value at the slot's path; one that stands in no list before those that do.
    #[inline]
    pub(super) fn first(&self, slot: usize) -> Option<Scalar<'a>> {
        let listed = || {
            self.more
                .iter()
                .find(|listed| listed.slot == slot)
                .map(|listed| listed.value)
        };
        self.single[slot].or_else(listed)?.scalar()
    }

    /// Whether the slot's path leads to anything.
    pub(super) fn has(&self, slot: usize) -> bool {
        self.single[slot].is_some() || self.more.iter().any(|listed| listed.slot == slot)
    }

    /// Shows every value at the slot's path, with the number of the object in a list in which it stands.
    pub(super) fn each(&self, slot: usize, mut show: impl FnMut(Scalar<'a>, u32)) {
        if let Some(value) = self.single[slot].and_then(Value::scalar) {
            show(value, 0);
        }
        for listed in self.more.iter().filter(|listed| listed.slot == slot) {
            if let Some(value) = listed.value.scalar() {
                show(value, listed.element);
            }
        }
    }
}
