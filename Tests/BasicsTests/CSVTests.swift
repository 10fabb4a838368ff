import Basics
import Testing

struct CSVReaderTests {
  /// All records of a text; a broken one is given as its fault.
  private func records(_ text: String, separator: Unicode.Scalar = ",") -> [[String]] {
    var reader = CSVReader(Array(text.utf8), separator: separator)
    var records: [[String]] = []
    while reader.next() {
      let fields = (0..<reader.fieldCount).map { reader.text($0) }
      records.append(reader.fault.map { ["! \(reader.line) \($0)"] } ?? fields)
    }
    return records
  }

  @Test(
    arguments: [
      ("", []),
      ("\n\n\r\n  \n", []),
      ("a", [["a"]]),
      ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
      ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
      ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
      ("\u{FEFF}a,b", [["a", "b"]]),
      ("a,,", [["a", "", ""]]),
      (",", [["", ""]]),
      (" a , b\tc \n", [["a", "b\tc"]]),
      ("\"a\",\"b\"", [["a", "b"]]),
      ("\"a,b\",c", [["a,b", "c"]]),
      ("\"a\nb\",c\nd", [["a\nb", "c"], ["d"]]),
      ("\"say \"\"hi\"\"\",c", [["say \"hi\"", "c"]]),
      ("\"\"\"\"", [["\""]]),
      ("\"\",x", [["", "x"]]),
      (" \"a\" , \"b\" ", [["a", "b"]]),
      ("\" a \"", [[" a "]]),
      ("5\" pipe,x", [["5\" pipe", "x"]]),
      ("їжак,ļoti", [["їжак", "ļoti"]]),
      ("a,b\n\n\nc", [["a", "b"], ["c"]]),
    ] as [(String, [[String]])])
  func recordsAreRead(_ text: String, _ expected: [[String]]) {
    #expect(records(text) == expected)
  }

  @Test func otherSeparatorsSeparate() {
    #expect(records("a;b,c;d", separator: ";") == [["a", "b,c", "d"]])
    #expect(records("a\t\tb c", separator: "\t") == [["a", "", "b c"]])
  }

  @Test func aLostQuoteCostsItsLineOnly() {
    #expect(
      records("a,b\nc,\"d\ne,f\n")
        == [["a", "b"], ["! 2 \(CSVFault.unclosedQuote)"], ["e", "f"]])
    #expect(
      records("\"a,1\nb,\"2\"\nc,3")
        == [["! 1 \(CSVFault.textAfterQuote)"], ["b", "2"], ["c", "3"]])
    #expect(records("\"a\"b,1\r\nc") == [["! 1 \(CSVFault.textAfterQuote)"], ["c"]])
  }

  @Test func theLineOfARecordIsWhereItBegins() {
    var reader = CSVReader(Array("a\r\n\r\n\"b\r\nb\nb\rb\",c\r\nd\n".utf8))
    var lines: [Int] = []
    while reader.next() { lines.append(reader.line) }
    #expect(lines == [1, 3, 7])
  }

  @Test func fieldsAndRecordsHaveLimits() {
    let long = String(repeating: "x", count: CSVReader.fieldBytesMax)
    #expect(records(long + "\na") == [[long], ["a"]])
    #expect(records(long + "x\na") == [["! 1 \(CSVFault.fieldTooLong)"], ["a"]])
    #expect(records("\"\(long)x\"\na") == [["! 1 \(CSVFault.unclosedQuote)"], ["a"]])
    let wide = String(repeating: ",", count: CSVReader.columnsMax)
    #expect(records(wide.dropLast() + "\na").map(\.count) == [CSVReader.columnsMax, 1])
    #expect(records(wide + "\na") == [["! 1 \(CSVFault.tooManyColumns)"], ["a"]])
  }

  @Test func bytesThatAreNotUTF8BecomeReplacementCharacters() {
    var reader = CSVReader([97, 0xFF, 44, 98])
    #expect(reader.next() == true)
    #expect(reader.text(0) == "a\u{FFFD}")
    #expect(reader.text(1) == "b")
  }

  @Test func missingFieldsAreEmpty() {
    var reader = CSVReader(Array("a,".utf8))
    #expect(reader.next() == true)
    #expect(reader.isEmpty(1) && reader.isEmpty(2) && reader.isEmpty(nil))
    #expect(reader.text(7) == "" && reader.text(nil) == "")
    #expect(reader.integer(7) == nil && reader.decimal(nil) == nil)
  }

  @Test func aHeaderNamesColumns() throws {
    var reader = CSVReader(Array("\u{FEFF}id, name ,\"lat\",id\n1,x,2.5,9\n".utf8))
    let header = try #require(CSVHeader(&reader))
    #expect(header.names == ["id", "name", "lat", "id"])
    #expect(header["id"] == 0)
    #expect(header["nothing"] == nil)
    #expect(header.missing(of: ["name", "lon", "lat"]) == ["lon"])
    #expect(reader.next() == true)
    #expect(reader.integer(header["id"]) == 1)
    #expect(reader.decimal(header["lat"]) == 2.5)
    var empty = CSVReader([])
    #expect(CSVHeader(&empty) == nil)
  }

  @Test func whatIsWrittenIsReadBack() {
    var generator = SeededGenerator(seed: 12)
    let letters = ["a", "є", " ", "\"", ",", "\n", "\r", "\t", ";", "'", "=", "🚋", ""]
    for round in 0..<500 {
      let rows = (0..<generator.integer(in: 1...5)).map { _ in
        (0..<generator.integer(in: 1...5)).map { _ in
          (0..<generator.integer(in: 0...6)).map { _ in
            letters[generator.integer(in: 0...(letters.count - 1))]
          }.joined()
        }
      }
      // One empty field is written as a pair of quotes, and such a record is blank to readers.
      let kept = rows.filter { $0 != [""] }
      var writer = CSVWriter(lineEnd: round % 2 == 0 ? .lf : .crlf, byteOrderMark: round % 3 == 0)
      for row in rows { writer.row(row) }
      #expect(records(writer.text) == kept)
    }
  }

  @Test func theWriterQuotesOnlyWhatNeedsIt() {
    var writer = CSVWriter()
    writer.row(["a", "", "b c", "d,e", "f\"g", " h", "i\n"])
    writer.row([String]())
    #expect(writer.text == "a,,b c,\"d,e\",\"f\"\"g\",\" h\",\"i\n\"\n\n")
    var semicolons = CSVWriter(separator: ";", lineEnd: .crlf)
    semicolons.row(["a,b", "c;d"])
    #expect(semicolons.text == "a,b;\"c;d\"\r\n")
  }

  /// Any bytes at all: the reader ends, and its lines never run past those of the text.
  @Test(arguments: UInt64(1)...200)
  func anyBytesAreReadToTheEnd(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let telling: [UInt8] = [34, 44, 10, 13, 32, 97, 34, 0xFF]
    let bytes = (0..<generator.integer(in: 0...400)).map { _ in
      telling[generator.integer(in: 0...(telling.count - 1))]
    }
    let lineCount = bytes.reduce(1) { $0 + ($1 == 10 || $1 == 13 ? 1 : 0) }
    var reader = CSVReader(bytes)
    var last = 0
    while reader.next() {
      #expect(reader.line > last && reader.line <= lineCount)
      last = reader.line
      for column in 0..<reader.fieldCount { _ = reader.text(column) }
    }
  }
}

struct CSVNumberTests {
  private func integer(_ text: String) -> Int? {
    Array(text.utf8).withUnsafeBufferPointer { parsedInteger($0) }
  }

  private func decimal(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBufferPointer { parsedDecimal($0) }
  }

  @Test func wholeNumbersAreRead() {
    #expect(integer("0") == 0)
    #expect(integer("-17") == -17)
    #expect(integer("+17") == 17)
    #expect(integer("007") == 7)
    #expect(integer("999999999999999999") == 999_999_999_999_999_999)
    for text in ["", "-", "+", "1.0", "1 ", "1e3", "x", "--1", "9999999999999999999", "１"] {
      #expect(integer(text) == nil, "\(text)")
    }
  }

  @Test(arguments: [
    "0", "-0.0", "1", "56.94577", "24.10541", "-33.875", ".5", "5.", "+1.25", "1e3", "-2.5E-3",
    "0.1", "123456789012345", "1234567890123456789", "0.000000000000000000000001",
    "47.00360092553422", "179.99999999999997", "000000000000000000001.5", "1e308",
  ])
  func decimalsAreThoseOfTheStandardLibrary(_ text: String) {
    #expect(decimal(text) == Double(text.hasSuffix(".") ? text + "0" : text))
  }

  @Test(arguments: [
    "", "-", ".", "-.", "1.2.3", "1,5", "nan", "inf", "infinity", "0x1p3", "1e999", "12a", "e5",
    "1e", "--1", "1-2",
  ])
  func whatIsNoDecimalIsNone(_ text: String) {
    #expect(decimal(text) == nil)
  }

  @Test func randomDecimalsAreRoundedCorrectly() {
    var generator = SeededGenerator(seed: 13)
    for _ in 0..<5000 {
      let whole = generator.integer(in: -180...180)
      let digits = (0..<generator.integer(in: 1...17)).map { _ in
        String(generator.integer(in: 0...9))
      }.joined()
      let text = "\(whole).\(digits)"
      #expect(decimal(text) == Double(text))
    }
  }
}
