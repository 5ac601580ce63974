-- Two transactions update the same row and hold it for a unit: the server makes
-- the second wait, whatever the client does. 2 units.

-- A session's first call loads the extension: that is done before the clock.
\hook connect SELECT asyncdemo.delay(0)

\setup
SELECT 'asyncdemo_demo_' || :run_id::text AS stock \gset
CREATE TABLE :"stock" (sold int NOT NULL);
INSERT INTO :"stock" VALUES (0);
\end

\task GOOG
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE :"stock" SET sold = sold + 1;
SELECT asyncdemo.delay(:unit::float8);
COMMIT;

\task AAPL
BEGIN ISOLATION LEVEL READ COMMITTED;
UPDATE :"stock" SET sold = sold + 1;
SELECT asyncdemo.delay(:unit::float8);
COMMIT;

\teardown
SELECT sold FROM :"stock" \gset
DROP TABLE :"stock";
\assert :sold = 2
\end
