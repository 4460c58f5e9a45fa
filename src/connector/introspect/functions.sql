-- Functions, procedures, aggregates and window functions outside the system schemas, without the constructors that a
-- range type brings along.
select p.oid,
       n.nspname::text as schema,
       p.proname::text as name,
       p.prokind::text as kind,
       p.proowner as owner,
       coalesce(p.proacl, acldefault('f', p.proowner))::text[] as acl,
       array(
           select format_type(a.type, null)
           from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a(type, place)
           order by a.place
       ) as types,
       p.proargmodes::text[] as modes,
       p.proargnames as names,
       case
           when p.pronargdefaults > 0 then array(
               select pg_get_function_arg_default(p.oid, place)
               from generate_series(1, cardinality(coalesce(p.proallargtypes, p.proargtypes::oid[]))) as place
               order by place
           )
       end as defaults,
       format_type(p.prorettype, null) as returns,
       p.proretset as returns_set,
       l.lanname::text as language,
       p.prosrc as source,
       p.prosqlbody is not null as body_is_bound,
       pg_get_function_sqlbody(p.oid) as bound_body,
       p.prosecdef as security_definer,
       p.proconfig as config,
       p.provolatile::text as volatility,
       p.proleakproof as leakproof,
       p.proisstrict as strict
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
left join pg_catalog.pg_depend d
       on d.classid = 'pg_catalog.pg_proc'::regclass
      and d.objid = p.oid
      and d.deptype = 'i'
      and d.refclassid = 'pg_catalog.pg_type'::regclass
where d.objid is null
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
