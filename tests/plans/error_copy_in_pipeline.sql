\startpipeline
COPY t TO STDOUT;
\endpipeline
