#include "config/pin_config.h"

#include <array>
#include <vector>

#include "base/file.h"

namespace signet {

namespace {

// In the order of PinSource.
constexpr std::array<const char*, 4> kKeys = {"pin_file", "pin_credential", "pin_fd", "pin"};
constexpr const char* kExpected = R"(expected exactly one of pin_file, pin_credential, pin_fd and pin = "operator")";

void read_credential(TomlTable& table, PinConfig& pin) {
  pin.credential = table.text("pin_credential");
  if (pin.credential.find('/') == std::string::npos && !pin.credential.starts_with('.')) return;
  table.complain("pin_credential",
                 "is no name of a credential (systemd's LoadCredential=): it has a '/', or a '.' at "
                 "its start");
}

void read_source(TomlTable& table, const std::string& base, PinConfig& pin) {
  switch (pin.source) {
    case PinSource::kFile:
      pin.file = table.text("pin_file");
      if (!pin.file.empty()) pin.file = resolve_path(base, pin.file);
      return;
    case PinSource::kCredential: return read_credential(table, pin);
    case PinSource::kDescriptor: pin.descriptor = static_cast<int>(table.integer("pin_fd", 3, 1023)); return;
    case PinSource::kOperator:
      // Not choice(): whoever wrote a PIN here would find it in the complaint.
      if (const std::string text = table.unshown_text("pin"); text.empty() || text == "operator") return;
      table.complain("pin",
                     "is not \"operator\", the only value it takes; a PIN never stands in a configuration: name "
                     "its file with pin_file");
  }
}

}  // namespace

std::string PinConfig::key() const { return kKeys[static_cast<std::size_t>(source)]; }

PinConfig read_pin_config(TomlTable& table, const std::string& base) {
  PinConfig pin;
  std::vector<PinSource> given;
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (table.has(kKeys[i])) given.push_back(static_cast<PinSource>(i));
  }
  for (const PinSource source : given) {
    pin.source = source;
    read_source(table, base, pin);  // all that are given, so that none of them is an unknown key besides
  }
  if (given.size() != 1)
    table.complain(
        "", std::string(given.empty() ? "says" : "says more than once") + " where its PIN comes from; " + kExpected);
  if (given.size() == 1 && pin.can_be_read_again()) {
    table.refuse("keep_pin", "goes with pin_fd and pin = \"operator\" only; " + pin.key() + " is read at each start");
  } else {
    pin.keep = table.boolean("keep_pin", false);
  }
  return pin;
}

}  // namespace signet
