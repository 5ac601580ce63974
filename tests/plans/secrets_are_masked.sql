\option on-connect 'host=db user=app password=hunter2'
\set token 'x'
\http a GET http://user\:hunter2@localhost/x header="Authorization: Bearer hunter2"
\http b GET http://localhost/x header="Authorization: Bearer :token" header="X-Api-Key: hunter2"
