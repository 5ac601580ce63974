-- Two tasks that sleep without giving the loop back. 2 units.

\task GOOG
\blocking
\sleep :unit s

\task AAPL
\blocking
\sleep :unit s
