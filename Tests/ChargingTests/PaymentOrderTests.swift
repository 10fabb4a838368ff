import Basics
import Charging
import Testing

/// An order with two transfers, changed by a test where it says so.
private func order(
  messageID: String = "KVYTOK-2026-11-25-1", iban: String = "UA903052992990004149123456789",
  name: String = "КП \"Трамвай & Ко\" <Вінниця>", ids: [String] = ["P1", "P2"],
  minors: [Int64] = [1_250_05, 99], remittance: String = "Fares up to 2026-11-24",
  bic: String? = "PBANUA2X"
) throws -> PaymentOrder {
  let payer = BankAccount(name: "Kvytok", iban: "DE89 3704 0044 0532 0130 00", bic: "COBADEFF")
  return try PaymentOrder(
    messageID: messageID, createdAt: Instant(seconds: 1_795_428_000),
    executionDay: Day(number: 20_780), debtor: payer,
    currency: #require(Currency("UAH")),
    transfers: zip(ids, minors).map { id, minor in
      PaymentOrder.Transfer(
        endToEndID: id, creditor: BankAccount(name: name, iban: iban, bic: bic), minor: minor,
        remittance: remittance)
    })
}

@Suite struct RemittanceTests {
  @Test func aPayoutSpeaksUkrainianBetweenUkrainianAccountsAndLatinElsewhere() throws {
    let day = try #require(Day("2026-11-29"))
    let uah = try #require(Currency("UAH"))
    let eur = try #require(Currency("EUR"))
    let own = BankAccount(name: "Tram", iban: "UA903052992990004149123456789", bic: nil)
    let other = BankAccount(name: "Tram", iban: "DE89370400440532013000", bic: nil)
    func text(_ payer: BankAccount, _ payee: BankAccount, _ currency: Currency) -> String {
      Remittance.payout(through: day, order: 7, from: payer, to: payee, in: currency)
    }
    #expect(
      text(own, own, uah)
        == "Оплата поїздок і компенсації станом на 2026-11-29, розпорядження № 7")
    for latin in [text(own, other, uah), text(other, own, uah), text(own, own, eur)] {
      #expect(latin == "Fares and compensations up to 2026-11-29, order 7")
    }
    // The longest that there can be is taken by the schema.
    let longest = Remittance.payout(through: day, order: .max, from: own, to: own, in: uah)
    #expect(longest.unicodeScalars.count <= 140)
  }
}

@Suite struct PaymentOrderTests {
  @Test func theMessageHasItsSumAndItsTransfers() throws {
    let order = try order()
    #expect(order.controlSumMinor == 125_104)
    let xml = order.xml
    for part in [
      "<CtrlSum>1251.04</CtrlSum>", "<NbOfTxs>2</NbOfTxs>",
      "<InstdAmt Ccy=\"UAH\">1250.05</InstdAmt>", "<InstdAmt Ccy=\"UAH\">0.99</InstdAmt>",
      "<IBAN>DE89370400440532013000</IBAN>", "<IBAN>UA903052992990004149123456789</IBAN>",
      "<BICFI>PBANUA2X</BICFI>", "<Nm>КП \"Трамвай &amp; Ко\" &lt;Вінниця&gt;</Nm>",
      "<CreDtTm>2026-11-23T10:00:00Z</CreDtTm>", "<Dt>2026-11-23</Dt>",
    ] { #expect(xml.contains(part), "\(part)\n\(xml)") }
  }

  @Test(arguments: [
    ("UA903052992990004149123456788", "its check digits are wrong"),
    ("UA90305299299000414912345678", "one of UA has 29 characters"),
    ("UA", "it is two letters"), ("ua9x3052992990004149123456789", "it is two letters"),
  ]) func aMistypedAccountIsNamed(_ iban: String, _ part: String) {
    let fault = #expect(throws: PaymentFault.self) { try order(iban: iban) }
    #expect(
      fault?.message.contains("transfer P1: IBAN: \(part)") == true, "\(String(describing: fault))")
  }

  /// Examples of the IBAN registry (ISO 13616).
  @Test(arguments: [
    "GB29NWBK60161331926819", "DE89370400440532013000", "FR1420041010050500013M02606",
    "LV80BANK0000435195001", "PL61109010140000071219812874", "UA213223130000026007233566001",
  ]) func theExamplesOfTheRegistryAreRight(_ iban: String) {
    #expect(PaymentRules.ibanFault(iban) == nil)
  }

  @Test func whatTheSchemaRefusesIsRefused() {
    #expect(throws: PaymentFault.self) { try order(messageID: "") }
    #expect(throws: PaymentFault.self) { try order(messageID: "Трамвай") }
    #expect(throws: PaymentFault.self) {
      try order(messageID: String(repeating: "A", count: 36))
    }
    #expect(throws: PaymentFault.self) { try order(ids: ["P1", "P1"]) }
    #expect(throws: PaymentFault.self) { try order(minors: [0, 1]) }
    #expect(throws: PaymentFault.self) { try order(minors: [-5, 1]) }
    #expect(throws: PaymentFault.self) { try order(minors: [.max, .max]) }
    #expect(throws: PaymentFault.self) { try order(ids: []) }
    #expect(throws: PaymentFault.self) { try order(name: "") }
    #expect(throws: PaymentFault.self) { try order(name: String(repeating: "я", count: 141)) }
    for name in [" ", "   \u{A0}\u{3000}", "Tram\u{85}", "\u{9F}Tram", "Tram\u{7F}"] {
      #expect(throws: PaymentFault.self, "\(name.unicodeScalars)") { try order(name: name) }
    }
    #expect(throws: PaymentFault.self) { try order(remittance: "two\nlines") }
    #expect(throws: PaymentFault.self) { try order(bic: "PBAN") }
  }
}

@Suite struct ConcessionRateTests {
  @Test func theOperatorsOwnRateGoesFirstAndTheLatestHolds() throws {
    let uah = try #require(Currency("UAH"))
    let day = Day(number: 20_780)
    func rate(_ name: String?, _ from: Int, _ to: Int?, _ minor: Int64) -> ConcessionRate {
      ConcessionRate(
        category: "pensioner", operatorID: name, from: day.adding(days: from),
        to: to.map { day.adding(days: $0) }, currency: uah, rideMinor: minor)
    }
    let rates = [
      rate(nil, -30, nil, 500), rate(nil, -1, nil, 600), rate("tram", -30, -1, 700),
    ]
    func found(_ name: String, _ days: Int) -> Int64? {
      ConcessionRate.find(
        rates, category: "pensioner", operatorID: name, on: day.adding(days: days), currency: uah
      )?.rideMinor
    }
    #expect(found("tram", -1) == 700)
    #expect(found("tram", 0) == 600)
    #expect(found("bus", -2) == 500)
    #expect(found("bus", -31) == nil)
  }
}
