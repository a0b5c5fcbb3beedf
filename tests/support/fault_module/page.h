// What a test and the module that goes wrong share: a file that both have mapped.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace signet::test {

/// A signature that the token made.
struct SignedRecord {
  static constexpr std::size_t kMaxData = 64;
  std::uint32_t data_bytes = 0;                  ///< of what C_Sign was given
  std::array<std::uint8_t, kMaxData> data = {};  ///< its beginning
};

/// Zero bytes are a page without faults.
struct FaultModulePage {
  static constexpr std::size_t kMaxText = 4096;
  static constexpr std::size_t kMaxRules = 32;
  static constexpr std::size_t kMaxRecords = 60'000;

  std::atomic<std::uint32_t> version;  ///< odd while the text is being written; another one for each text
  std::array<char, kMaxText> text;     ///< fault_module.cc has the language; ends in a zero
  std::array<std::atomic<std::uint64_t>, kMaxRules> calls;  ///< that a rule was asked about, since its text is there
  std::atomic<std::uint64_t> struck;                        ///< calls that went wrong, since the text is there
  std::atomic<std::uint64_t> logins;                        ///< calls of C_Login that reached the token, ever
  std::atomic<std::uint64_t> initialized;                   ///< processes that initialised the module, ever
  std::atomic<std::uint64_t> signatures;                    ///< that the token made, ever; the first are in `records`
  std::array<SignedRecord, kMaxRecords> records;
};

}  // namespace signet::test
