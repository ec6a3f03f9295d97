//! What a template or expression uses, found in MiniJinja's syntax tree.

use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, Stmt, UnaryOpKind};
use minijinja::machinery::{Span, parse, parse_expr};

use super::template::{Analysis, Name, SyntaxError, TextKind, filters, functions, tests};

/// See [`super::analyse`].
pub(super) fn analyse(text: &str, kind: TextKind) -> Result<Analysis, SyntaxError> {
    let mut walker = Walker::new(text);
    match kind {
        TextKind::Expression => {
            let expr = parse_expr(text).map_err(|error| syntax_error(&error, text))?;
            walker.expr(&expr);
        }
        TextKind::Template => {
            let stmt = parse(text, "template", minijinja::syntax::SyntaxConfig::default())
                .map_err(|error| syntax_error(&error, text))?;
            walker.stmt(&stmt);
        }
    }
    Ok(walker.analysis)
}

/// The same text with numbers, where they are compared, in a call of `function` with what they are
/// compared with: so that it can make a decimal of them where that is one.
pub(super) fn with_comparisons(text: &str, kind: TextKind, function: &str) -> String {
    let mut walker = Walker::new(text);
    match kind {
        TextKind::Expression => match parse_expr(text) {
            Ok(expr) => walker.expr(&expr),
            Err(_) => return text.to_owned(),
        },
        TextKind::Template => {
            match parse(text, "template", minijinja::syntax::SyntaxConfig::default()) {
                Ok(stmt) => walker.stmt(&stmt),
                Err(_) => return text.to_owned(),
            }
        }
    }
    let mut made = text.to_owned();
    let mut compared = walker.compared;
    compared.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, others) in compared {
        let call = format!("{function}({}, {})", &text[range.clone()], others.join(", "));
        made.replace_range(range, &call);
    }
    made
}

fn syntax_error(error: &minijinja::Error, text: &str) -> SyntaxError {
    let range = error.range().unwrap_or(0..text.len());
    let start = floor(text, range.start);
    let end = floor(text, range.end).max(start);
    SyntaxError { range: start..end, message: error.detail().unwrap_or("syntax error").to_owned() }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct Walker<'t> {
    analysis: Analysis,
    /// Names that the text itself gives, innermost last.
    scopes: Vec<Vec<String>>,
    text: &'t str,
    /// Where a number may be compared, and the names that it is compared with.
    compared: Vec<(Range<usize>, Vec<String>)>,
}

impl<'t> Walker<'t> {
    fn new(text: &'t str) -> Self {
        let analysis = Analysis::default();
        Self { analysis, scopes: vec![Vec::new()], text, compared: Vec::new() }
    }
}

impl Walker<'_> {
    /// A number or a name that is compared: where it stands, and whether it is a name. What
    /// `default` is used on counts as what it is.
    fn operand(&self, expr: &Expr<'_>) -> Option<(Range<usize>, bool)> {
        match expr {
            Expr::Const(number) if number.value.is_number() => {
                Some((self.range(number.span()), false))
            }
            Expr::UnaryOp(unary) if matches!(unary.op, UnaryOpKind::Neg) => {
                let Expr::Const(number) = &unary.expr else { return None };
                let range = self.range(unary.span()).start..self.range(number.span()).end;
                number.value.is_number().then_some((range, false))
            }
            Expr::Filter(filter) if matches!(filter.name, "default" | "d") => {
                self.operand(filter.expr.as_ref()?)
            }
            other => Some((self.path(other)?.range, true)),
        }
    }

    fn compare<'e>(&mut self, operands: impl Iterator<Item = &'e Expr<'e>>) {
        let operands: Vec<(Range<usize>, bool)> =
            operands.filter_map(|operand| self.operand(operand)).collect();
        for (place, (range, _)) in operands.iter().enumerate() {
            let others: Vec<String> = operands
                .iter()
                .enumerate()
                .filter(|(other, (_, is_name))| *other != place && *is_name)
                .map(|(_, (range, _))| self.text[range.clone()].to_owned())
                .collect();
            if !others.is_empty() {
                self.compared.push((range.clone(), others));
            }
        }
    }
    fn range(&self, span: Span) -> Range<usize> {
        let start = floor(self.text, span.start_offset as usize);
        start..floor(self.text, span.end_offset as usize).max(start)
    }

    /// The range of a word inside a span: filters and tests have no span of their own.
    fn word(&self, span: Span, word: &str) -> Range<usize> {
        let range = self.range(span);
        match self.text[range.clone()].rfind(word) {
            Some(at) => range.start + at..range.start + at + word.len(),
            None => range,
        }
    }

    fn known(&self, name: &str) -> bool {
        self.scopes.iter().flatten().any(|known| known == name)
    }

    fn define(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(var) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.push(var.id.to_owned());
                }
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.define(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.define(item)),
            other => self.expr(other),
        }
    }

    fn body(&mut self, statements: &[Stmt<'_>]) {
        for statement in statements {
            self.stmt(statement);
        }
    }

    fn stmt(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.body(&template.children),
            Stmt::EmitExpr(emit) => self.expr(&emit.expr),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => {
                self.expr(&each.iter);
                self.scopes.push(vec!["loop".to_owned()]);
                self.define(&each.target);
                each.filter_expr.iter().for_each(|filter| self.expr(filter));
                self.body(&each.body);
                self.scopes.pop();
                self.body(&each.else_body);
            }
            Stmt::IfCond(condition) => {
                self.expr(&condition.expr);
                self.body(&condition.true_body);
                self.body(&condition.false_body);
            }
            Stmt::WithBlock(with) => {
                self.scopes.push(Vec::new());
                for (target, value) in &with.assignments {
                    self.expr(value);
                    self.define(target);
                }
                self.body(&with.body);
                self.scopes.pop();
            }
            Stmt::Set(set) => {
                self.expr(&set.expr);
                self.define(&set.target);
            }
            Stmt::SetBlock(set) => {
                self.body(&set.body);
                set.filter.iter().for_each(|filter| self.expr(filter));
                self.define(&set.target);
            }
            Stmt::AutoEscape(escape) => {
                self.expr(&escape.enabled);
                self.body(&escape.body);
            }
            Stmt::FilterBlock(block) => {
                self.expr(&block.filter);
                self.body(&block.body);
            }
            Stmt::Macro(declared) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.push(declared.name.to_owned());
                }
                declared.defaults.iter().for_each(|default| self.expr(default));
                self.scopes.push(vec!["caller".to_owned()]);
                declared.args.iter().for_each(|argument| self.define(argument));
                self.body(&declared.body);
                self.scopes.pop();
            }
            Stmt::CallBlock(block) => {
                self.expr(&block.call.expr);
                self.arguments(&block.call.args);
                self.body(&block.macro_decl.body);
            }
            Stmt::Do(call) => {
                self.expr(&call.call.expr);
                self.arguments(&call.call.args);
            }
            Stmt::Block(block) => self.unknown("statement", "block", self.range(block.span())),
            Stmt::Import(import) => self.unknown("statement", "import", self.range(import.span())),
            Stmt::FromImport(import) => {
                self.unknown("statement", "from", self.range(import.span()));
            }
            Stmt::Extends(extends) => {
                self.unknown("statement", "extends", self.range(extends.span()));
            }
            Stmt::Include(include) => {
                self.unknown("statement", "include", self.range(include.span()));
            }
        }
    }

    fn unknown(&mut self, what: &'static str, name: &str, range: Range<usize>) {
        self.analysis.unknown.push((what, name.to_owned(), range));
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(expr)
                | CallArg::Kwarg(_, expr)
                | CallArg::PosSplat(expr)
                | CallArg::KwargSplat(expr) => self.expr(expr),
            }
        }
    }

    /// The name and the fields of `a.b['c']`, when the expression is nothing but that.
    fn path(&self, expr: &Expr<'_>) -> Option<Name> {
        match expr {
            Expr::Var(var) => {
                Some(Name { path: vec![var.id.to_owned()], range: self.range(var.span()) })
            }
            Expr::GetAttr(get) => {
                let mut name = self.path(&get.expr)?;
                name.path.push(get.name.to_owned());
                name.range.end = self.range(get.span()).end.max(name.range.end);
                Some(name)
            }
            Expr::GetItem(get) => {
                let Expr::Const(key) = &get.subscript_expr else { return None };
                let mut name = self.path(&get.expr)?;
                name.path.push(key.value.as_str()?.to_owned());
                name.range.end = self.range(get.span()).end.max(name.range.end);
                Some(name)
            }
            _ => None,
        }
    }

    fn arithmetic(&mut self, operand: &Expr<'_>) {
        if let Some(name) = self.path(operand)
            && !self.known(&name.path[0])
        {
            self.analysis.arithmetic.push(name);
        }
    }

    fn expr(&mut self, expr: &Expr<'_>) {
        if let Some(name) = self.path(expr) {
            if !self.known(&name.path[0]) {
                self.analysis.names.push(name);
            }
            return;
        }
        match expr {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expr(&slice.expr);
                for part in [&slice.start, &slice.stop, &slice.step].into_iter().flatten() {
                    self.expr(part);
                }
            }
            Expr::UnaryOp(unary) => {
                if matches!(unary.op, UnaryOpKind::Neg) {
                    self.arithmetic(&unary.expr);
                }
                self.expr(&unary.expr);
            }
            Expr::BinOp(binary) => {
                use BinOpKind::{Add, Div, Eq, FloorDiv, Gt, Gte, Lt, Lte, Mul, Ne, Pow, Rem, Sub};
                if matches!(binary.op, Eq | Ne | Lt | Lte | Gt | Gte) {
                    self.compare([&binary.left, &binary.right].into_iter());
                }
                if matches!(binary.op, Add | Sub | Mul | Div | FloorDiv | Rem | Pow) {
                    self.arithmetic(&binary.left);
                    self.arithmetic(&binary.right);
                }
                self.expr(&binary.left);
                self.expr(&binary.right);
            }
            Expr::Compare(compare) => {
                let rest = compare.ops.iter().map(|op| &op.expr);
                self.compare(std::iter::once(&compare.expr).chain(rest));
                self.expr(&compare.expr);
                compare.ops.iter().for_each(|op| self.expr(&op.expr));
            }
            Expr::IfExpr(choice) => {
                self.expr(&choice.test_expr);
                self.expr(&choice.true_expr);
                choice.false_expr.iter().for_each(|other| self.expr(other));
            }
            Expr::Filter(filter) => {
                filter.expr.iter().for_each(|inner| self.expr(inner));
                if !filters().contains(&filter.name) {
                    let range = self.word(filter.span(), filter.name);
                    self.unknown("filter", filter.name, range);
                }
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.expr(&test.expr);
                if !tests().contains(&test.name) {
                    let range = self.word(test.span(), test.name);
                    self.unknown("test", test.name, range);
                }
                self.arguments(&test.args);
            }
            Expr::GetAttr(get) => self.expr(&get.expr),
            Expr::GetItem(get) => {
                self.expr(&get.expr);
                self.expr(&get.subscript_expr);
            }
            Expr::Call(call) => {
                match &call.expr {
                    Expr::Var(var) if !self.known(var.id) => {
                        if !functions().contains(&var.id) {
                            let range = self.range(var.span());
                            self.unknown("function", var.id, range);
                        }
                    }
                    Expr::GetAttr(get) => self.expr(&get.expr),
                    other => self.expr(other),
                }
                self.arguments(&call.args);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expr(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expr(item)),
            Expr::Map(map) => {
                map.keys.iter().for_each(|key| self.expr(key));
                map.values.iter().for_each(|value| self.expr(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, kind: TextKind) -> Vec<String> {
        analyse(text, kind).unwrap().names.iter().map(|name| name.path.join(".")).collect()
    }

    #[test]
    fn names_are_found_with_their_fields() {
        assert_eq!(
            names("'x' if item.sent and not n else m['a'].b", TextKind::Expression),
            ["item.sent", "n", "m.a.b"]
        );
        assert_eq!(
            names(
                "{% for line in lines %}{{ loop.index }}{{ line.sku }}{{ total }}{% endfor %}",
                TextKind::Template
            ),
            ["lines", "total"]
        );
    }

    #[test]
    fn ranges_point_at_the_word() {
        let text = "{{ title | shout }} {{ a is purple }} {{ now2() }}";
        let analysis = analyse(text, TextKind::Template).unwrap();
        let words: Vec<&str> =
            analysis.unknown.iter().map(|(_, _, range)| &text[range.clone()]).collect();
        assert_eq!(words, ["shout", "purple", "now2"]);
        assert_eq!(&text[analysis.names[0].range.clone()], "title");
    }

    #[test]
    fn arithmetic_operands_are_listed() {
        let analysis = analyse("a.b + 1 - c", TextKind::Expression).unwrap();
        let operands: Vec<String> =
            analysis.arithmetic.iter().map(|name| name.path.join(".")).collect();
        assert_eq!(operands, ["c", "a.b"]);
    }

    #[test]
    fn mistakes_have_a_place() {
        let error = analyse("a and and b", TextKind::Expression).unwrap_err();
        assert!(error.range.start >= 5, "{error:?}");
        assert!(analyse("{{ a ", TextKind::Template).is_err());
        assert!(analyse("{% if a %}", TextKind::Template).is_err());
    }
}
