-- Storage buckets. Older ones lack columns: those that `bucket_access` did not find read as NULL.
select b.id, --@ id
       b.public, --@ public
       null::bool as public, --@ no public
       b.file_size_limit, --@ file_size_limit
       null::int8 as file_size_limit, --@ no file_size_limit
       b.allowed_mime_types --@ allowed_mime_types
       null::text[] as allowed_mime_types --@ no allowed_mime_types
from storage.buckets b
