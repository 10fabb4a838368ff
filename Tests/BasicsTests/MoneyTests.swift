import Basics
import Testing

struct MoneyTests {
  private func money(_ minor: Int64, _ code: String = "UAH") throws -> Money {
    Money(minor: minor, currency: try #require(Currency(code)))
  }

  @Test func sumsAreChecked() throws {
    #expect(try money(150).adding(try money(-50)) == (try money(100)))
    #expect(try money(.max - 1).adding(try money(1)).minor == .max)
    for (left, right) in [(Int64.max, Int64(1)), (1, .max), (.min, -1), (.min, .min)] {
      #expect(throws: MoneyFault.overflow) { try money(left).adding(try money(right)) }
    }
  }

  @Test func ukrainianWritesACommaBeforeTheMinorUnits() throws {
    for (minor, code, english, ukrainian) in [
      (1250, "UAH", "12.50 UAH", "12,50 UAH"), (-5, "KWD", "-0.005 KWD", "-0,005 KWD"),
      (120, "JPY", "120 JPY", "120 JPY"),
    ] as [(Int64, String, String, String)] {
      #expect(try money(minor, code).text(in: .english) == english)
      #expect(try money(minor, code).text(in: .ukrainian) == ukrainian)
    }
  }

  @Test func currenciesAreNotMixed() throws {
    let hryvnia = try #require(Currency("UAH"))
    let euro = try #require(Currency("EUR"))
    #expect(throws: MoneyFault.currencies(hryvnia, euro)) {
      try money(1).adding(try money(1, "EUR"))
    }
  }

  @Test(arguments: ["", "UA", "UAHH", "uah", "U1H", "ГРН", "U H"])
  func aCurrencyIsThreeCapitalLetters(_ code: String) {
    #expect(Currency(code) == nil)
  }

  @Test(
    arguments: [
      (0, "UAH", "0.00 UAH"), (5, "UAH", "0.05 UAH"), (-5, "UAH", "-0.05 UAH"),
      (1250, "EUR", "12.50 EUR"), (-100, "EUR", "-1.00 EUR"), (120, "JPY", "120 JPY"),
      (-120, "JPY", "-120 JPY"), (1500, "KWD", "1.500 KWD"), (7, "KWD", "0.007 KWD"),
      (Int64.max, "UAH", "92233720368547758.07 UAH"),
      (Int64.min, "UAH", "-92233720368547758.08 UAH"),
    ] as [(Int64, String, String)])
  func anAmountIsWrittenInMajorUnits(_ minor: Int64, _ code: String, _ text: String) throws {
    #expect(try money(minor, code).description == text)
  }
}

struct RoundingTests {
  @Test(
    arguments: [
      // numerator, denominator, half-up, half-even, down, up
      (5, 2, 3, 2, 2, 3), (7, 2, 4, 4, 3, 4), (-5, 2, -3, -2, -3, -2), (-7, 2, -4, -4, -4, -3),
      (1, 3, 0, 0, 0, 1), (2, 3, 1, 1, 0, 1), (-1, 3, 0, 0, -1, 0), (-2, 3, -1, -1, -1, 0),
      (1, 2, 1, 0, 0, 1), (-1, 2, -1, 0, -1, 0), (6, 3, 2, 2, 2, 2), (-6, 3, -2, -2, -2, -2),
      (0, 7, 0, 0, 0, 0),
    ] as [(Int64, Int64, Int64, Int64, Int64, Int64)])
  func aQuotientIsRounded(
    _ numerator: Int64, _ denominator: Int64, _ halfUp: Int64, _ halfEven: Int64, _ down: Int64,
    _ up: Int64
  ) {
    #expect(Rounding.halfUp.divide(numerator, by: denominator) == halfUp)
    #expect(Rounding.halfEven.divide(numerator, by: denominator) == halfEven)
    #expect(Rounding.down.divide(numerator, by: denominator) == down)
    #expect(Rounding.up.divide(numerator, by: denominator) == up)
  }

  @Test func aRoundedQuotientIsTheNearest() {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<5000 {
      let numerator = Int64(generator.integer(in: -1_000_000...1_000_000))
      let denominator = Int64(generator.integer(in: 1...1000))
      let down = Rounding.down.divide(numerator, by: denominator)
      let up = Rounding.up.divide(numerator, by: denominator)
      #expect(down * denominator <= numerator && numerator <= up * denominator)
      #expect(up - down == (numerator % denominator == 0 ? 0 : 1))
      for rounding in [Rounding.halfUp, .halfEven] {
        let quotient = rounding.divide(numerator, by: denominator)
        #expect(abs(quotient * denominator - numerator) * 2 <= denominator)
      }
      // A refund is the payment with the other sign, to the last minor unit.
      for rounding in [Rounding.halfUp, .halfEven] {
        #expect(
          rounding.divide(-numerator, by: denominator)
            == -rounding.divide(numerator, by: denominator))
      }
      #expect(Rounding.up.divide(-numerator, by: denominator) == -down)
    }
  }

  @Test func theLargestNumbersDoNotOverflow() {
    for rounding in Rounding.allCases {
      #expect(rounding.divide(.max, by: 1) == .max)
      #expect(rounding.divide(.min, by: 1) == .min)
      #expect(abs(rounding.divide(.max, by: .max)) == 1)
      #expect(
        [-3_074_457_345_618_258_603, -3_074_457_345_618_258_602]
          .contains(rounding.divide(.min, by: 3)))
      #expect([0, 1].contains(rounding.divide(.max - 1, by: .max)))
      #expect([-2, -1].contains(rounding.divide(.min, by: .max)))
    }
  }

  @Test func divisionRoundsTowardsThePast() {
    #expect(floorDivide(-1, 86_400) == -1)
    #expect(floorDivide(-86_400, 86_400) == -1)
    #expect(floorDivide(86_399, 86_400) == 0)
    #expect(padded(7, 3) == "007")
    #expect(padded(1234, 3) == "1234")
    #expect(clockText(seconds: 90_305) == "25:05:05")
  }
}
