-- Twice as many queries as cores, and they compute instead of waiting: no client
-- can make that overlap beyond the cores. About 2 units; never judged.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\task burner
SELECT asyncdemo.burn(:unit::float8);
