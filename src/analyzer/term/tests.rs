use super::*;

fn column(terms: &mut Terms, name: &str, data_type: Type) -> Id {
    let row = terms.row(&QualifiedName::new("public", "t"), "t");
    terms.column(row, name, data_type, true)
}

#[test]
fn equal_terms_are_one() {
    let mut t = Terms::new();
    let row = t.row(&QualifiedName::new("public", "t"), "t");
    let (a, b) = (t.column(row, "a", Type::Uuid, true), t.column(row, "b", Type::Uuid, true));
    assert_eq!(t.equal(a, b), t.equal(b, a));
    let (x, y) = (t.equal(a, b), t.is_null(a));
    assert_eq!(t.and(&[x, y, x]), t.and(&[y, x]));
    assert_eq!(*t.free_rows(x), [row]);
    assert_ne!(t.opaque("f()", Type::Bool, &[]), t.opaque("f()", Type::Bool, &[]));
}

#[test]
fn nulls_are_not_folded_away() {
    let mut t = Terms::new();
    let a = column(&mut t, "a", Type::Int4);
    let same = t.equal(a, a);
    assert_eq!(t.constant(same), None, "NULL for NULL");
    let null = t.null(Type::Int4);
    let compared = t.equal(a, null);
    assert_eq!(t.constant(compared), Some(None));
    let no = t.boolean(false);
    let both = t.and(&[compared, no]);
    assert_eq!(t.constant(both), Some(Some(false)));
    let not_null = t.column(Row(0), "b", Type::Int4, false);
    let is_null = t.is_null(not_null);
    assert_eq!(t.constant(is_null), Some(Some(false)));
}

#[test]
fn the_forms_of_auth_uid_are_one_claim() {
    let mut t = Terms::new();
    let setting = t.setting(CLAIMS);
    let empty = t.text("");
    let text = t.nullif(setting, empty);
    let json = t.cast(text, &Type::Jsonb);
    let sub = t.json_field(json, "sub", Access::Text);
    assert_eq!(sub, t.claim(&["sub"], Access::Text));
    let json = t.cast(setting, &Type::Json);
    let metadata = t.json_field(json, "app_metadata", Access::Json);
    assert_eq!(t.json_field(metadata, "org", Access::Text), t.claim(&["app_metadata", "org"], Access::Text));
}

#[test]
fn what_was_printed_reads_back() {
    let mut t = Terms::new();
    let id = column(&mut t, "id", Type::Uuid);
    let text = t.cast(id, &Type::Text);
    assert_eq!(t.cast(text, &Type::Uuid), id);
    let canonical = t.text("00000000-0000-0000-0000-00000000000a");
    let literal = t.literal(Value::Uuid(10), Type::Uuid);
    assert_eq!(t.equal(text, canonical), t.equal(id, literal));
    let number = column(&mut t, "n", Type::Numeric);
    let (printed, one) = (t.cast(number, &Type::Text), t.text("1.0"));
    assert_eq!(t.cast(printed, &Type::Numeric), number);
    // 1.00 is 1.0 and prints otherwise.
    let literal = t.parse("1.0", &Type::Numeric);
    assert_ne!(t.equal(printed, one), t.equal(number, literal));
    let upper = t.text("00000000-0000-0000-0000-00000000000A");
    let never = t.equal(text, upper);
    let is_true = t.is_true(never);
    assert_eq!(t.sql(is_true), "((CASE WHEN ((t_0.id) IS NULL) THEN NULL::boolean ELSE false END) IS TRUE)");
}

#[test]
fn constants_fold_as_the_server_computes_them() {
    let mut t = Terms::new();
    let a = t.text("a");
    let length = t.call(&Function::strict("length"), &[a], Type::Int4);
    let one = t.integer(1);
    let equal = t.equal(length, one);
    assert_eq!(t.constant(equal), Some(Some(true)));
    assert_eq!(*t.term(t.index[&(Term::Literal("a".into()), Type::Text)]), Term::Literal("a".into()));
    let bad = t.parse("abc", &Type::Uuid);
    assert_eq!(*t.term(bad), Term::Null, "the server raises");
}

#[test]
fn a_row_can_be_neither_null_nor_not_null() {
    let mut t = Terms::new();
    let x = column(&mut t, "x", Type::Other("public.address".into()));
    let (null, not_null) = (t.is_null(x), t.is_not_null(x));
    let negated = t.not(null);
    assert_ne!(negated, not_null);
}
