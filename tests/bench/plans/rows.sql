\http page GET :url
INSERT INTO bench_rows (id, body) VALUES (:id::integer, :page_body) RETURNING id \gset new_
