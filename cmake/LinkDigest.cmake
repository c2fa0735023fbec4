# cmake -DFILES=a;b -DTO=link_digest.hpp -P LinkDigest.cmake: a digest of the files' contents, as a header.
set(all)
foreach(file ${FILES})
  file(SHA256 ${file} digest)
  string(APPEND all ${digest})
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING ${digest} 0 12 digest)
file(WRITE ${TO} "#define GODWIT_LINK_DIGEST \"${digest}\"\n")
