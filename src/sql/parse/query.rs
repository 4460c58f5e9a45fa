//! Queries: WITH, SELECT, VALUES, UNION and its kin.

use super::cursor::Parser;
use crate::sql::ast::{Body, Cte, Expr, ExprKind, Query, Select, SetOperation, Target};
use crate::sql::error::SqlError;
use crate::sql::keywords::bare_label;
use crate::sql::lex::Kind;

impl Parser<'_> {
    /// Reads a query.
    pub(crate) fn query(&mut self) -> Result<Query, SqlError> {
        self.nested(|p, chain| {
            let start = p.start();
            let (recursive, ctes) = p.with()?;
            let body = p.set_operations(0, chain)?;
            p.finish(start, recursive, ctes, body)
        })
    }

    /// Reads on from a query in parentheses that was read already.
    pub(super) fn query_from(&mut self, left: Query) -> Result<Query, SqlError> {
        self.nested(|p, chain| {
            let start = left.range.start;
            let body = p.more_set_operations(left, 0, chain)?;
            p.finish(start, false, Vec::new(), body)
        })
    }

    pub(super) fn begins_query(&self) -> bool {
        self.is_one_of(0, &["select", "values", "with"]) || self.is_word(0, "table") && self.name_category(1).is_some()
    }

    /// Whether what follows a query in parentheses belongs to a larger query.
    pub(super) fn continues_query(&self) -> bool {
        self.is_one_of(0, &["union", "intersect", "except", "order", "limit", "offset", "fetch", "for"])
    }

    pub(super) fn with(&mut self) -> Result<(bool, Vec<Cte>), SqlError> {
        if !self.eat_word("with") {
            return Ok((false, Vec::new()));
        }
        let recursive = self.eat_word("recursive");
        let ctes = self.comma_separated(|p| {
            let name = p.column_name()?;
            let columns = if p.is_punct(0, b'(') {
                p.parenthesised(|p| p.comma_separated(Self::column_name))?
            } else {
                Vec::new()
            };
            p.expect_word("as")?;
            let materialized = match () {
                () if p.eat_word("materialized") => Some(true),
                () if p.eat_words(&["not", "materialized"]) => Some(false),
                () => None,
            };
            if p.is_punct(0, b'(') && p.is_one_of(1, &["insert", "update", "delete", "merge"]) {
                return Err(p.unsupported("a statement that writes inside `WITH`"));
            }
            let query = p.parenthesised(Self::query)?;
            if p.is_one_of(0, &["search", "cycle"]) {
                return Err(p.unsupported("`SEARCH` or `CYCLE`"));
            }
            Ok(Cte { name, columns, materialized, query })
        })?;
        Ok((recursive, ctes))
    }

    /// UNION and EXCEPT bind alike, INTERSECT tighter.
    fn set_operations(&mut self, least: u8, chain: &mut usize) -> Result<Query, SqlError> {
        let left = self.query_primary()?;
        self.more_set_operations(left, least, chain)
    }

    fn more_set_operations(&mut self, mut left: Query, least: u8, chain: &mut usize) -> Result<Query, SqlError> {
        loop {
            let (operation, power) = match self.word(0).as_deref() {
                Some("union") => (SetOperation::Union, 1),
                Some("except") => (SetOperation::Except, 1),
                Some("intersect") => (SetOperation::Intersect, 2),
                _ => return Ok(left),
            };
            if power <= least {
                return Ok(left);
            }
            self.at += 1;
            self.link(chain)?;
            let all = self.eat_word("all");
            if !all {
                self.eat_word("distinct");
            }
            let right = Box::new(self.set_operations(power, chain)?);
            let range = left.range.start..self.last_end();
            let body = Body::Set { operation, all, left: Box::new(left), right };
            left = Query::of(body, range);
        }
    }

    fn query_primary(&mut self) -> Result<Query, SqlError> {
        let start = self.start();
        if self.is_punct(0, b'(') {
            return self.parenthesised(Self::query);
        }
        let body = match () {
            () if self.eat_word("select") => Body::Select(Box::new(self.select()?)),
            () if self.eat_word("values") => {
                Body::Values(self.comma_separated(|p| p.parenthesised(|p| p.comma_separated(Self::row_item)))?)
            }
            () if self.eat_word("table") => self.table(start)?,
            () => return Err(self.unexpected("a query")),
        };
        Ok(Query::of(body, start..self.last_end()))
    }

    fn row_item(&mut self) -> Result<Expr, SqlError> {
        if self.is_word(0, "default") {
            return Err(self.unsupported("`DEFAULT` in a list of values"));
        }
        self.expression()
    }

    /// `TABLE t`
    fn table(&mut self, start: usize) -> Result<Body, SqlError> {
        let from = self.relation()?;
        let star = self.node(start, ExprKind::Star(None));
        let targets = vec![Target { value: star, alias: None }];
        Ok(Body::Select(Box::new(Select { targets, from: vec![from], ..Select::empty() })))
    }

    fn finish(&mut self, start: usize, recursive: bool, ctes: Vec<Cte>, inner: Query) -> Result<Query, SqlError> {
        let mut outer = Query::of(Body::Values(Vec::new()), start..start);
        if self.is_word(0, "order") {
            outer.order_by = self.order_by()?;
        }
        loop {
            match () {
                () if self.eat_word("limit") => {
                    outer.limit = if self.eat_word("all") { None } else { Some(self.expression()?) }
                }
                () if self.eat_word("offset") => {
                    outer.offset = Some(self.expression()?);
                    let _ = self.is_one_of(0, &["row", "rows"]).then(|| self.at += 1);
                }
                () if self.eat_word("fetch") => outer.limit = Some(self.fetch()?),
                () if self.is_word(0, "for") && self.is_one_of(1, &["update", "share", "no", "key"]) => {
                    self.lock()?;
                    outer.locks = true;
                }
                () => break,
            }
        }
        (outer.recursive, outer.ctes, outer.range.end) = (recursive, ctes, self.last_end());
        let bare = outer.ctes.is_empty()
            && outer.order_by.is_empty()
            && outer.limit.is_none()
            && outer.offset.is_none()
            && !outer.locks;
        let untouched = inner.ctes.is_empty()
            && inner.order_by.is_empty()
            && inner.limit.is_none()
            && inner.offset.is_none()
            && !inner.locks;
        if bare {
            return Ok(inner);
        }
        if untouched {
            outer.body = inner.body;
            return Ok(outer);
        }
        // `(select .. limit 1) order by ..`: Postgres adds clauses to the inner query where it has none of them.
        if !outer.ctes.is_empty() && !inner.ctes.is_empty()
            || !outer.order_by.is_empty() && !inner.order_by.is_empty()
            || outer.limit.is_some() && inner.limit.is_some()
            || outer.offset.is_some() && inner.offset.is_some()
        {
            return Err(self.unexpected("no clause that the query in parentheses has already"));
        }
        outer.body = inner.body;
        outer.recursive |= inner.recursive;
        outer.ctes.extend(inner.ctes);
        outer.order_by.extend(inner.order_by);
        outer.limit = outer.limit.or(inner.limit);
        outer.offset = outer.offset.or(inner.offset);
        outer.locks |= inner.locks;
        Ok(outer)
    }

    /// `FIRST 3 ROWS ONLY`, behind FETCH.
    fn fetch(&mut self) -> Result<Expr, SqlError> {
        let start = self.start();
        let _ = self.is_one_of(0, &["first", "next"]).then(|| self.at += 1);
        let count = if self.is_one_of(0, &["row", "rows"]) {
            self.node(start, ExprKind::Number("1".to_owned()))
        } else {
            self.primary()?
        };
        let _ = self.is_one_of(0, &["row", "rows"]).then(|| self.at += 1);
        if self.eat_words(&["with", "ties"]) {
            return Err(self.unsupported("`WITH TIES`"));
        }
        self.expect_word("only")?;
        Ok(count)
    }

    /// `FOR NO KEY UPDATE OF a, b NOWAIT`
    fn lock(&mut self) -> Result<(), SqlError> {
        self.at += 1;
        while self.is_one_of(0, &["no", "key", "update", "share"]) {
            self.at += 1;
        }
        if self.eat_word("of") {
            self.comma_separated(Self::name)?;
        }
        if !self.eat_word("nowait") {
            self.eat_words(&["skip", "locked"]);
        }
        Ok(())
    }

    fn select(&mut self) -> Result<Select, SqlError> {
        let mut select = Select::empty();
        if self.eat_word("distinct") {
            select.distinct = Some(if self.eat_word("on") {
                self.parenthesised(|p| p.comma_separated(Self::expression))?
            } else {
                Vec::new()
            });
        } else {
            self.eat_word("all");
        }
        if !self.ends_list() {
            select.targets = self.comma_separated(Self::target)?;
        }
        if self.eat_word("from") {
            select.from = self.comma_separated(Self::joined_item)?;
        }
        if self.eat_word("where") {
            select.filter = Some(self.expression()?);
        }
        if self.eat_words(&["group", "by"]) {
            self.eat_word("all");
            self.eat_word("distinct");
            let start = self.start();
            self.group_by(&mut select)?;
            if select.grouping_sets {
                select.grouping_text = self.text.get(start..self.last_end()).map(str::to_owned);
            }
        }
        if self.eat_word("having") {
            select.having = Some(self.expression()?);
        }
        if self.eat_word("window") {
            select.windows = self.comma_separated(|p| {
                let name = p.column_name()?;
                p.expect_word("as")?;
                Ok((name, p.parenthesised(Self::window)?))
            })?;
        }
        Ok(select)
    }

    fn group_by(&mut self, select: &mut Select) -> Result<(), SqlError> {
        loop {
            let sets = self.is_one_of(0, &["rollup", "cube"]) && self.is_punct(1, b'(')
                || self.is_word(0, "grouping") && self.is_word(1, "sets");
            if sets {
                self.at += if self.is_word(0, "grouping") { 2 } else { 1 };
                select.grouping_sets = true;
                self.nested(|p, _| p.parenthesised(|p| p.group_by(select)))?;
            } else if self.is_punct(0, b'(') && self.is_punct(1, b')') {
                self.at += 2;
                select.grouping_sets = true;
            } else {
                let item = self.expression()?;
                match item.kind {
                    ExprKind::Row(items) if select.grouping_sets => select.group_by.extend(items),
                    _ => select.group_by.push(item),
                }
            }
            if !self.eat_punct(b',') {
                return Ok(());
            }
        }
    }

    fn ends_list(&self) -> bool {
        let word = [
            "from",
            "where",
            "group",
            "having",
            "window",
            "union",
            "intersect",
            "except",
            "order",
            "limit",
            "offset",
            "fetch",
            "for",
        ];
        self.is_end() || self.is_punct(0, b')') || self.is_punct(0, b';') || self.is_one_of(0, &word)
    }

    pub(super) fn target(&mut self) -> Result<Target, SqlError> {
        if self.is_operator(0, "*") {
            let start = self.start();
            self.at += 1;
            return Ok(Target { value: self.node(start, ExprKind::Star(None)), alias: None });
        }
        let value = self.expression()?;
        let bare = self.peek(0).is_some_and(|t| match t.kind {
            Kind::Word => bare_label(&self.raw(t).to_ascii_lowercase()),
            kind => matches!(kind, Kind::Quoted | Kind::UnicodeQuoted),
        });
        let alias = if self.eat_word("as") || bare { Some(self.label()?) } else { None };
        Ok(Target { value, alias })
    }
}

impl Query {
    pub(crate) fn of(body: Body, range: std::ops::Range<usize>) -> Self {
        Self {
            ctes: Vec::new(),
            recursive: false,
            body,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            locks: false,
            range,
        }
    }
}

impl Select {
    pub(crate) fn empty() -> Self {
        Self {
            distinct: None,
            targets: Vec::new(),
            from: Vec::new(),
            filter: None,
            group_by: Vec::new(),
            grouping_sets: false,
            grouping_text: None,
            having: None,
            windows: Vec::new(),
        }
    }
}
