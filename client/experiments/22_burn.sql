-- Twice as many queries as cores, and they compute instead of waiting: no client
-- can make that overlap beyond the cores. About 2 units; never judged.

\task burner
SELECT asyncdemo.burn(:unit::float8);
