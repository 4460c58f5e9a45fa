//! The types of `pg_catalog`, in the spelling of `format_type`.

/// Those whose name is printed as it is.
const TYPES: [&str; 108] = [
    "aclitem",
    "any",
    "anyarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "bigint",
    "bit",
    "bit varying",
    "boolean",
    "box",
    "bytea",
    "character",
    "character varying",
    "cid",
    "cidr",
    "circle",
    "cstring",
    "date",
    "datemultirange",
    "daterange",
    "double precision",
    "event_trigger",
    "fdw_handler",
    "gtsvector",
    "index_am_handler",
    "inet",
    "int2vector",
    "int4multirange",
    "int4range",
    "int8multirange",
    "int8range",
    "integer",
    "internal",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "language_handler",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "path",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_ddl_command",
    "pg_dependencies",
    "pg_lsn",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
    "pg_snapshot",
    "point",
    "polygon",
    "real",
    "record",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "smallint",
    "table_am_handler",
    "text",
    "tid",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
    "trigger",
    "tsm_handler",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "unknown",
    "uuid",
    "varbit",
    "void",
    "xid",
    "xid8",
    "xml",
    "pg_class",
];

/// The internal names of some, which quotes keep from being key words.
const INTERNAL: [(&str, &str); 14] = [
    ("char", "\"char\""),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("bool", "boolean"),
    ("bpchar", "character"),
    ("varchar", "character varying"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timetz", "time with time zone"),
    ("time", "time without time zone"),
    ("decimal", "numeric"),
];

/// Name and modifiers as the catalog has them, if it is a built-in type.
pub(super) fn type_name(name: &str, modifiers: Option<&str>) -> Option<(String, Option<String>)> {
    let name = INTERNAL.iter().find(|(internal, _)| *internal == name).map_or(name, |(_, printed)| printed);
    if name != "\"char\"" && !TYPES.contains(&name) {
        return None;
    }
    let own = |modifiers: &str| Some(modifiers.to_owned());
    Some(match (name, modifiers) {
        // float(n) is the type that has so many bits.
        ("double precision", Some(bits)) => {
            let single = bits.trim().parse::<u32>().is_ok_and(|bits| bits <= 24);
            ((if single { "real" } else { "double precision" }).to_owned(), None)
        }
        // One, if nothing is said.
        ("character" | "bit", None) => (name.to_owned(), own("1")),
        (_, modifiers) => (name.to_owned(), modifiers.and_then(own)),
    })
}

/// Functions of `pg_catalog` that statements name where one of their own may be meant.
pub(super) fn is_function(name: &str) -> bool {
    name.starts_with("pg_")
        || matches!(
            name,
            "gen_random_uuid"
                | "now"
                | "current_setting"
                | "set_config"
                | "lower"
                | "upper"
                | "version"
                | "nextval"
                | "lo_import"
                | "lo_export"
                | "query_to_xml"
                | "dblink"
                | "to_tsvector"
        )
}
