// Reads a record of the store's index after it was freed: the sanitizers must stop this program, or
// their clean runs prove nothing (tests/run).
#include "store/base/index.hpp"

#include <iostream>
#include <memory>
#include <string_view>

int main() {
  using namespace troupe;
  auto index = std::make_unique<store::record_index>();
  index->put(std::make_shared<const store::record>(
    store::record{.key = "pods/a", .value = share("v1"), .created = {}, .modified = revision{1}}));
  std::string_view freed = *index->find("pods/a")->value;
  index.reset();
  std::cout << freed[1] << std::endl;
  return 0;
}
