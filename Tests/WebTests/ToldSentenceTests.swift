import Basics
import Charging
import Clearing
import Testing
import Web

/// What the program keeps and refuses in English, told to Ukrainian readers.
@Suite struct ToldSentenceTests {
  @Test func bothVersionsOfASentenceHaveTheSameHoles() {
    for sentence in ToldSentence.all {
      let holes = [sentence.english, sentence.ukrainian].map { text in
        text.matches(of: /\{([a-z]+)\}/).map { String($0.1) }
      }
      #expect(holes[0] == holes[1], "\(sentence.english)")
      #expect(Set(holes[0]).isSubset(of: ["any", "n", "day", "subject", "state", "said"]))
      let isCyrillic = sentence.ukrainian.unicodeScalars.contains {
        (0x400...0x4FF).contains($0.value)
      }
      // Of holes alone there are no words to look at: what fills them is told in Ukrainian.
      let words = sentence.ukrainian.replacing(/\{[a-z]+\}/, with: "")
      #expect(isCyrillic || !words.contains(where: \.isLetter), "\(sentence.ukrainian)")
      let isLatin = !sentence.english.unicodeScalars.contains { (0x400...0x4FF).contains($0.value) }
      #expect(isLatin, "\(sentence.english)")
    }
  }

  @Test func whatIsKeptAndWhatIsRefusedIsToldInUkrainian() {
    let expected: [(String, String)] = [
      ("owed up to 2026-11-29", "належне станом на 29.11.2026"),
      (
        "concessions from 2026-11-01 to 2026-11-20", "пільгові поїздки з 01.11.2026 по 20.11.2026"
      ),
      (
        "claim 1 is the money of statement line 4",
        "заявка до міста № 1: ці гроші вже прийшли рядком виписки № 4"
      ),
      ("there is no payout 3", "у книгах немає: виплата перевізнику № 3"),
      ("payout 3 is sent", "виплата перевізнику № 3: передано банку"),
      (
        "\(MoneyRefusal.samePerson).",
        "хто подав розпорядження, не вирішує про нього: зверніться до другої особи."
      ),
      (
        "Parameter to: the last hour lies before the first",
        "Параметр to: остання година раніша за першу"
      ),
      (
        "Parameter date: 2026-02-31 is not a date; write it as 2026-11-22",
        "Параметр date: 2026-02-31 – не дата; пишіть як 2026-11-22"
      ),
      (
        "Nothing of the file was taken: the file is not written in UTF-8: ask the bank for UTF-8.",
        "З файла нічого не прийнято: файл записано не в UTF-8: попросіть у банку файл у UTF-8."
      ),
      (
        "line 6 is matched already: fee", "про рядок № 6 вже відомо: комісія банку"
      ),
    ]
    for (english, ukrainian) in expected {
      #expect(ToldSentence.ukrainian(of: english) == ukrainian)
    }
    // What a person wrote, and what has no words yet, stays as it stands.
    for text in [
      "the bank rounds", "owed up to Friday", "owed up to 2026-11-29 by word", "payout x is sent",
      "there is no dragon 3", "",
    ] {
      #expect(ToldSentence.ukrainian(of: text) == nil, "\(text)")
    }
  }

  /// The reader of a statement says why, and the page has words for the commonest.
  @Test func whyAStatementIsNotTakenHasUkrainianWords() {
    for bytes in [[], [0, 0], Array("{".utf8), Array("<a".utf8)] as [[UInt8]] {
      let fault = #expect(throws: StatementFault.self) { try BankStatement.readAll(bytes) }
      let told = ToldSentence.ukrainian(of: fault?.description ?? "")
      #expect(
        told?.contains("у банку") == true || told?.contains("в банку") == true
          || told?.contains("дає банк") == true, "\(String(describing: fault))")
    }
  }
}
