-- every command that pgbench 15 has
\set n 10 * 2 \
       + 1
\sleep 10 ms
\sleep 1us
\sleep :n us
\shell command literal_argument :n ::literal_starting_with_colon
\setshell from_shell echo :n
SELECT 1 AS one \; SELECT 2 AS two, 3 AS three \gset p_
SELECT 4 AS four \; SELECT 5 AS five \aset
\if :p_two = 2 and :five > 4
  \set r random_zipfian(1, 100, 1.07) + hash(:n) % 10
\elif :four is not null
  \set r CASE WHEN :n > 3 THEN 'more' ELSE 'less' END
\else
  \set r permute(:n, 100) << 2 | ~1
\endif
\startpipeline
  SELECT :r;
\endpipeline
