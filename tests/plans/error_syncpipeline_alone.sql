SELECT 1;
\syncpipeline
