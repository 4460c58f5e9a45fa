-- Publications, with the schemas that they list.
select p.oid,
       p.pubname::text as name,
       p.pubowner as owner,
       p.puballtables as all_tables,
       array(select n.nspname::text --@ 15..
             from pg_catalog.pg_publication_namespace s join pg_catalog.pg_namespace n on n.oid = s.pnnspid --@ 15..
             where s.pnpubid = p.oid) as schemas --@ 15..
       null::text[] as schemas --@ ..14
from pg_catalog.pg_publication p
