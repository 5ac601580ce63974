\set id 7
\set name 'a "b" é'
\http a GET http://localhost:8080/items/:id?name=:name&plain=a\:id&t=10:30
\http b POST https://example.org/items header="Content-Type: application/json" header='X-Id: :id' \
    json={"id": :id, "name": :name, "note": "item :{id} of :name",
          "list": [1, -2.50e3, true, null, :{id}], "flag":true} expect=201
\http c PUT :http/x?y=1 body="line one\nid=:id \"quoted\" \\ C\:id" timeout=1.5 follow=3 max_body=500kB
\http d DELETE http://localhost/x expect=any cacert=/etc/ca.pem insecure=off
\http e POST http://localhost/x json=:name expect=200-299
\http f POST http://localhost/x json='{"a": "it is"}' insecure
