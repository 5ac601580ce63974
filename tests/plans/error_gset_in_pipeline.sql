\startpipeline
SELECT 1 \gset
\endpipeline
