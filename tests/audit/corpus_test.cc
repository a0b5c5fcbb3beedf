// The seeds of the fuzzers, and what they found, stay found.
#include <array>

#include "base/file.h"
#include "folder_properties.h"
#include "log_folder.h"

namespace signet::audit {
namespace {

using namespace test;

void for_each_file(const std::string& folder, const std::function<void(ByteView)>& use) {
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/tests/audit/" + folder)) {
    use(read_file(file.path().string(), 1U << 20U, FileTrust::kAnyone, "corpus").value());
    ++files;
  }
  EXPECT_GT(files, 0U);
}

TEST(AuditCorpus, EntriesKeepTheirProperty) { for_each_file("entry_corpus", check_entry_property); }
TEST(AuditCorpus, FoldersKeepTheirProperty) { for_each_file("folder_corpus", check_folder_property); }

TEST(EntryView, ReadsWhatTheLogWritesAsTheLogReadsIt) {
  for (const Bytes& entry : LogFolder::honest().entries) check_entry_property(entry);
}

TEST(EntryView, ReadsAnyEntryWithOneByteChangedAsTheLogReadsIt) {
  constexpr std::array<std::uint8_t, 13> kBytes = {'"', '\\', '{', '}', ',', ':', '0', ' ', 0, 0x1F, 0x7F, 0xC2, 0xFF};
  const Bytes entry = LogFolder::honest().entries.at(2);
  for (std::size_t i = 0; i < entry.size(); ++i) {
    for (const std::uint8_t c : kBytes) {
      Bytes changed = entry;
      changed[i] = c;
      check_entry_property(changed);
    }
  }
}

TEST(EntryView, AgreesWithTheLogAboutWhatIsCanonical) {
  for (const std::string text : {"{}",
                                 "{\"a\":1}",
                                 "{\"a\":01}",
                                 "{\"a\":-0}",
                                 "{\"a\":-1}",
                                 "{\"a\":9223372036854775807}",
                                 "{\"a\":9223372036854775808}",
                                 "{\"a\":-9223372036854775808}",
                                 "{\"a\":1.5}",
                                 "{\"a\":1e5}",
                                 "{\"a\":null}",
                                 "{\"a\":true,\"b\":false}",
                                 "{\"b\":1,\"a\":1}",
                                 "{\"a\":1,\"a\":1}",
                                 "{\"a\":\"\\u0001\"}",
                                 "{\"a\":\"\\u0041\"}",
                                 "{\"a\":\"\\u001F\"}",
                                 "{\"a\":\"\\u001f\"}",
                                 "{\"a\":\"\\u000a\"}",
                                 "{\"a\":\"\\n\"}",
                                 "{\"a\":\"\\/\"}",
                                 "{\"a\":\"\x7F\"}",
                                 "{\"a\":\"\xC3\xA4\"}",
                                 "{\"a\":\"\xED\xA0\x80\"}",
                                 "{\"\":1}",
                                 "{\"\\n\":1,\"\\u0001\":2}",
                                 "{\"\\u0001\":2,\"\\n\":1}",
                                 "{\"A\":1,\"\\\\\":2,\"a\":3}",
                                 "{\"a\":[]}",
                                 "{\"a\":[1,]}",
                                 "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}",
                                 "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
                                 "[]",
                                 "",
                                 "{",
                                 "{\"a\":1}x",
                                 " {}",
                                 "\xEF\xBB\xBF{}",
                                 "{\"a\":tru}",
                                 "{\"a\" :1}",
                                 "{\"a\":\"x}"}) {
    SCOPED_TRACE(text);
    check_entry_property(bytes_of(text));
  }
}

}  // namespace
}  // namespace signet::audit
