//! Makes these changes:
//!
//! | code | becomes |
//! |---|---|
//! | `a == b`, `a < b` and so on | the opposite; for an order also with and without equality |
//! | `a && b`, `a \|\| b` | the other one |
//! | `!a`; a condition of `if`; a guard | its opposite; true, false |
//! | `is_some()`, `contains()`, `any()`, `matches!()` and so on | their opposite |
//! | `a.max(b)`, `saturating_add`, `+` | `a.min(b)`, `saturating_sub`, `-` |
//! | `a.or(b)`, `filter(..)` and so on of the same type | `a` |
//! | a statement that calls or assigns | nothing |
//! | an arm of a `match` that ends with `_` | the last arm |
//! | a function's body, where its type tells a plain value | true, false, `None`, `Ok(())`, nothing |

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    BinOp, Block, Expr, ImplItemFn, Item, ItemFn, Meta, ReturnType, Signature, Stmt, Type,
    parse_quote,
};

const NEGATED: [&str; 10] = [
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "is_empty",
    "contains",
    "contains_key",
    "any",
    "all",
    "is_some_and",
];
const SWAPPED: [[&str; 2]; 4] = [
    ["max", "min"],
    ["min", "max"],
    ["saturating_add", "saturating_sub"],
    ["saturating_sub", "saturating_add"],
];
const LEFT_OUT: [&str; 3] = ["or", "filter", "or_else"];

pub(crate) struct Rewriter<'a> {
    path: &'a str,
    source: &'a str,
    pub(crate) number: u32,
    skipped: &'a BTreeSet<u32>,
    function: String,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(
        path: &'a str,
        source: &'a str,
        number: u32,
        skipped: &'a BTreeSet<u32>,
    ) -> Self {
        Self {
            path,
            source,
            number,
            skipped,
            function: String::new(),
        }
    }

    /// Returns the condition on which a mutant is switched on, or `None` if it does not compile.
    fn mutant(&mut self, place: &impl Spanned, change: &str) -> Option<TokenStream> {
        self.number += 1;
        let number = self.number;
        if self.function.is_empty() || self.skipped.contains(&number) {
            return None;
        }
        let span = place.span();
        let text = self.source.get(span.byte_range()).unwrap_or_default();
        let text: String = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(120)
            .collect();
        let mutant = serde_json::json!({
            "number": number,
            "file": self.path,
            "line": span.start().line,
            "function": self.function,
            "change": format!("{text}  ->  {change}"),
        });
        println!("{mutant}");
        Some(quote!(crate::mutant::on(#number)))
    }

    fn body(&mut self, signature: &Signature, block: &mut Block) {
        let values: &[(&str, TokenStream)] = match &signature.output {
            ReturnType::Default => &[("nothing", quote!(()))],
            ReturnType::Type(_, kind) => match plain(kind).as_str() {
                "bool" => &[("true", quote!(true)), ("false", quote!(false))],
                "Option" => &[("None", quote!(None))],
                "Result < ( )" => &[("Ok(())", quote!(Ok(())))],
                _ => &[],
            },
        };
        for (name, value) in values.iter().rev() {
            if let Some(on) = self.mutant(&signature.ident, &format!("returns {name}")) {
                block
                    .stmts
                    .insert(0, parse_quote!(if #on { return #value; }));
            }
        }
    }

    /// Replaces a condition without `let` by `true` and `false`.
    fn condition(&mut self, before: &Expr, condition: &mut Expr) {
        if has_let(before) {
            return;
        }
        for value in [true, false] {
            if let Some(on) = self.mutant(before, &value.to_string()) {
                let was = condition.clone();
                *condition = parse_quote!((if #on { #value } else { #was }));
            }
        }
    }

    fn binary(&mut self, before: &Expr, expr: &mut Expr) {
        let Expr::Binary(binary) = expr.clone() else {
            return;
        };
        let (left, op, right) = (&binary.left, &binary.op, &binary.right);
        let others: &[BinOp] = match op {
            BinOp::Eq(_) => &[parse_quote!(!=)],
            BinOp::Ne(_) => &[parse_quote!(==)],
            BinOp::Lt(_) => &[parse_quote!(>=), parse_quote!(<=)],
            BinOp::Le(_) => &[parse_quote!(>), parse_quote!(<)],
            BinOp::Gt(_) => &[parse_quote!(<=), parse_quote!(>=)],
            BinOp::Ge(_) => &[parse_quote!(<), parse_quote!(>)],
            BinOp::And(_) if !has_let(left) && !has_let(right) => &[parse_quote!(||)],
            BinOp::Or(_) => &[parse_quote!(&&)],
            BinOp::Add(_) => &[parse_quote!(-)],
            BinOp::Sub(_) => &[parse_quote!(+)],
            _ => return,
        };
        // Writes each operand once, so that its values are moved once; only the second operand of
        // && and || appears twice.
        let mut choice = quote!(l #op r);
        if matches!(op, BinOp::And(_) | BinOp::Or(_)) {
            choice = quote!(l #op #right);
        }
        let mut any = false;
        for other in others {
            if let Some(on) = self.mutant(before, &other.to_token_stream().to_string()) {
                let changed = if matches!(op, BinOp::And(_) | BinOp::Or(_)) {
                    quote!(l #other #right)
                } else {
                    quote!(l #other r)
                };
                choice = quote!(if #on { #changed } else { #choice });
                any = true;
            }
        }
        if !any {
            return;
        }
        *expr = match op {
            BinOp::And(_) | BinOp::Or(_) => parse_quote!({ let l: bool = #left; #choice }),
            BinOp::Add(_) | BinOp::Sub(_) => {
                parse_quote!(match (#left, #right) { (l, r) => #choice })
            }
            _ => parse_quote!(match (&(#left), &(#right)) { (l, r) => #choice }),
        };
    }

    fn call(&mut self, before: &Expr, expr: &mut Expr) {
        let Expr::MethodCall(call) = expr.clone() else {
            return;
        };
        let (name, receiver) = (call.method.to_string(), &call.receiver);
        if NEGATED.contains(&name.as_str()) {
            if let Some(on) = self.mutant(before, "its opposite") {
                *expr = parse_quote!((#on ^ #call));
            }
        } else if let Some([_, other]) = SWAPPED
            .iter()
            .find(|[from, _]| *from == name)
            .filter(|_| call.args.len() == 1)
        {
            if let Some(on) = self.mutant(before, other) {
                let (method, other, arg) =
                    (&call.method, quote::format_ident!("{other}"), &call.args[0]);
                *expr = parse_quote!(match (#receiver, #arg) { (l, r) => if #on { l.#other(r) } else { l.#method(r) } });
            }
        } else if LEFT_OUT.contains(&name.as_str()) {
            if let Some(on) = self.mutant(before, "without it") {
                let (method, args) = (&call.method, &call.args);
                *expr = parse_quote!({ let l = #receiver; if #on { l } else { l.#method(#args) } });
            }
        }
    }
}

impl VisitMut for Rewriter<'_> {
    fn visit_item_mut(&mut self, item: &mut Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Const(_) | Item::Static(_) | Item::Macro(_) => return,
            _ => return visit_mut::visit_item_mut(self, item),
        };
        let for_tests = attributes.iter().any(|attribute| match &attribute.meta {
            Meta::List(list) => {
                list.path.is_ident("cfg") && list.tokens.to_string().starts_with("test")
            }
            _ => false,
        });
        if !for_tests {
            visit_mut::visit_item_mut(self, item);
        }
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        if function.sig.constness.is_none() {
            let outer = std::mem::replace(&mut self.function, function.sig.ident.to_string());
            visit_mut::visit_item_fn_mut(self, function);
            self.body(&function.sig, &mut function.block);
            self.function = outer;
        }
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        if function.sig.constness.is_none() && function.sig.ident != "fmt" {
            let outer = std::mem::replace(&mut self.function, function.sig.ident.to_string());
            visit_mut::visit_impl_item_fn_mut(self, function);
            self.body(&function.sig, &mut function.block);
            self.function = outer;
        }
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let was = statement.clone();
        visit_mut::visit_stmt_mut(self, statement);
        if let Stmt::Expr(expr, Some(semicolon)) = statement
            && let Stmt::Expr(before, _) = &was
            && matches!(
                before,
                Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) | Expr::Binary(_)
            )
            && let Some(on) = self.mutant(before, "nothing")
        {
            let expr = expr.clone();
            *statement = Stmt::Expr(parse_quote!(if !#on { #expr; }), Some(*semicolon));
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let was = expr.clone();
        visit_mut::visit_expr_mut(self, expr);
        match &was {
            Expr::Binary(_) => self.binary(&was, expr),
            Expr::MethodCall(_) => self.call(&was, expr),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => {
                if let Some(on) = self.mutant(&was, "its opposite") {
                    let inner = expr.clone();
                    *expr = parse_quote!((#on ^ #inner));
                }
            }
            Expr::Macro(call) if call.mac.path.is_ident("matches") => {
                if let Some(on) = self.mutant(&was, "its opposite") {
                    let inner = expr.clone();
                    *expr = parse_quote!((#on ^ #inner));
                }
            }
            _ => {}
        }
    }

    fn visit_expr_if_mut(&mut self, branch: &mut syn::ExprIf) {
        let before = branch.cond.clone();
        visit_mut::visit_expr_if_mut(self, branch);
        self.condition(&before, &mut branch.cond);
    }

    fn visit_expr_match_mut(&mut self, choice: &mut syn::ExprMatch) {
        let last = choice.arms.len() - 1;
        let falls =
            matches!(choice.arms[last].pat, syn::Pat::Wild(_)) && choice.arms[last].guard.is_none();
        let before = choice.arms.clone();
        visit_mut::visit_expr_match_mut(self, choice);
        for (at, arm) in choice.arms.iter_mut().enumerate() {
            match (&mut arm.guard, &before[at].guard) {
                (Some((_, guard)), Some((_, before))) => self.condition(before, guard),
                (None, _) if falls && at < last => {
                    let pattern = before[at].pat.clone();
                    if let Some(on) = self.mutant(&pattern, "the last arm") {
                        arm.guard = Some((parse_quote!(if), parse_quote!(!#on)));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Returns the beginning of a type's text, as far as it implies a plain value.
fn plain(kind: &Type) -> String {
    let text = kind.to_token_stream().to_string();
    match text.strip_prefix("Result < ()").is_some() || text.starts_with("Result < ( )") {
        true => "Result < ( )".to_owned(),
        false if text.starts_with("Option <") => "Option".to_owned(),
        false => text,
    }
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Paren(inner) => has_let(&inner.expr),
        _ => false,
    }
}
