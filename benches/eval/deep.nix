# Recursion close to the call-depth limit, and deep data.
let
  count = n: if n == 0 then 0 else 1 + count (n - 1);
  even = n: if n == 0 then true else odd (n - 1);
  odd = n: if n == 0 then false else even (n - 1);
  chain = builtins.foldl' (acc: i: { next = acc; value = i; }) null (builtins.genList (i: i) 3000);
  depth = node: if node == null then 0 else 1 + depth node.next;
  build = n: if n == 0 then [ ] else [ n ] ++ build (n - 1);
in
{
  counts = builtins.foldl' (acc: _: acc + count 9000) 0 (builtins.genList (i: i) 30);
  even = builtins.all (_: even 9000) (builtins.genList (i: i) 30);
  depth = builtins.foldl' (acc: _: acc + depth chain) 0 (builtins.genList (i: i) 30);
  length = builtins.length (build 3000);
  deep = builtins.deepSeq chain true;
}
