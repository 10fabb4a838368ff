import Basics
import Charging
import Testing

@Suite struct StatementMatchingTests {
  private let day: Day

  init() throws { day = try #require(Day("2026-11-23")) }

  private func line(_ minor: Int64, _ text: String, endToEnd: String? = nil) -> StatementLine {
    StatementLine(
      reference: "R", bookedOn: day, minor: minor, endToEndID: endToEnd, remittance: text)
  }

  private func matched(_ line: StatementLine, _ expected: [ExpectedMoney], cash: Int64 = 0)
    -> String
  {
    var matcher = StatementMatcher(expected: expected, cashMinor: cash)
    let match = matcher.match(line)
    return [match.subject.rawValue, match.money.map { String($0.id) }, match.note]
      .compactMap { $0 }.joined(separator: " ")
  }

  private func money(
    _ subject: StatementSubject, _ id: Int64, _ minor: Int64, words: [String] = [],
    state: ExpectedMoney.State = .owed
  ) -> ExpectedMoney {
    ExpectedMoney(subject: subject, id: id, number: id, minor: minor, words: words, state: state)
  }

  @Test func eachRuleFindsItsMoneyByTheNameTheAmountAndTheSide() {
    for (letter, comes, goes) in StatementName.rules {
      for (subject, minor) in [(comes, Int64(700)), (goes, -700)] {
        guard let subject else {
          #expect(matched(line(minor, "KVYTOK-\(letter)5"), []) == "unknown")
          continue
        }
        let expected = [money(subject, 5, minor), money(subject, 6, minor)]
        for found in [
          line(minor, "for kvytok-\(letter)5, thanks"),
          line(minor, "", endToEnd: "KVYTOK-\(letter)5"),
        ] {
          #expect(matched(found, expected) == "\(subject.rawValue) 5")
        }
        #expect(
          matched(line(minor + 1, "KVYTOK-\(letter)5"), expected)
            == "unknown \(subject.rawValue) 5 is of \(minor) minor units")
        #expect(
          matched(line(minor, "KVYTOK-\(letter)7"), expected)
            == "unknown there is no \(subject.rawValue) 7")
      }
    }
  }

  @Test func wordsOfADeskAndTheAmountFindAReceipt() {
    let expected = [
      money(.receipt, 1, 500, words: ["INV-77"], state: .booked(entry: 9)),
      money(.receipt, 2, 500, words: ["INV-78"], state: .booked(entry: 10)),
    ]
    #expect(matched(line(500, "оплата inv-78."), expected) == "unknown")
    #expect(matched(line(500, "оплата inv-78"), expected) == "receipt 2")
    #expect(matched(line(500, "x", endToEnd: "INV-77"), expected) == "receipt 1")
    #expect(matched(line(501, "INV-77"), expected) == "unknown")
    #expect(matched(line(500, "INV"), expected) == "unknown")
  }

  @Test func aFundingFileIsFoundByItsNumberOrByAnAmountThatIsItsAlone() {
    let one = money(.funding, 17, 1_576, words: ["funding.csv", "17"], state: .booked(entry: 4))
    let two = money(.funding, 18, 1_576, words: ["b.csv", "18"], state: .booked(entry: 5))
    #expect(matched(line(1_576, "реєстр 18"), [one, two]) == "funding 18")
    #expect(matched(line(1_576, "еквайринг"), [one, two]) == "unknown")
    #expect(matched(line(1_576, "еквайринг"), [one]) == "funding 17 by its amount alone")
    #expect(matched(line(1_577, "реєстр 17"), [one]) == "unknown")
  }

  @Test func cashIsNoMoreThanTheDesksHold() {
    #expect(matched(line(900, "KVYTOK-CASH desk 3"), [], cash: 900) == "cash")
    #expect(matched(line(-900, "KVYTOK-CASH"), [], cash: 900) == "unknown")
    #expect(
      matched(line(901, "KVYTOK-CASH"), [], cash: 900)
        == "unknown the desks hold less cash than this by the books")
    var matcher = StatementMatcher(expected: [], cashMinor: 900)
    #expect(matcher.match(line(500, "KVYTOK-CASH")).subject == .cash)
    #expect(matcher.match(line(500, "KVYTOK-CASH")).subject == .unknown)
  }

  @Test func noMoneyIsTwoLinesAndAPayoutMayComeBackInTheSameStatement() {
    var matcher = StatementMatcher(
      expected: [
        money(.payout, 3, -800), money(.payoutReturn, 3, 800, state: .over("is sent")),
      ], cashMinor: 0)
    let (out, back) = (line(-800, "KVYTOK-P3"), line(800, "KVYTOK-P3"))
    #expect(matcher.match(back).note == "payout_return 3 is sent")
    #expect(matcher.match(out).subject == .payout)
    #expect(matcher.match(out).note == "payout 3 is matched already")
    #expect(matcher.match(back).subject == .payoutReturn)
    #expect(matcher.match(back).subject == .unknown)
  }
}
