-- How the server prints expressions and literals, for the rest of the transaction: the same text whatever the
-- role's or database's own settings are. `pg_temp` is named last, or a temporary type `text` would come first.
select set_config('search_path', 'pg_catalog, pg_temp', true),
       set_config('quote_all_identifiers', 'off', true),
       set_config('standard_conforming_strings', 'on', true),
       set_config('DateStyle', 'ISO, YMD', true),
       set_config('IntervalStyle', 'postgres', true),
       set_config('TimeZone', 'UTC', true),
       set_config('extra_float_digits', '1', true),
       set_config('bytea_output', 'hex', true),
       set_config('lc_monetary', 'C', true),
       -- The server never converts from SQL_ASCII, but would refuse to send what is not UTF-8.
       set_config(
           'client_encoding', case current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end, true
       ),
       -- Compiling queries that run once costs more than it saves, and parallel workers would each load the same
       -- catalog caches.
       set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true)
