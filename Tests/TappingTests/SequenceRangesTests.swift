import Basics
import Tapping
import Testing

@Suite struct SequenceRangesTests {
  @Test(arguments: 1...30) func aSetOfRangesIsTheSetOfItsNumbers(_ seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    var ranges = SequenceRanges()
    var numbers: Set<Int64> = []
    for _ in 0..<300 {
      let low = Int64(chance.integer(in: 1...200))
      if chance.chance(0.7) {
        #expect(ranges.insert(low) == numbers.insert(low).inserted)
      } else {
        let high = low + Int64(chance.integer(in: 0...12))
        ranges.insert(low..<high)
        numbers.formUnion(low..<high)
      }
    }
    let sorted = numbers.sorted()
    #expect(ranges.ranges.flatMap { Array($0) } == sorted)
    #expect(ranges.last == sorted.last)
    for pair in zip(ranges.ranges, ranges.ranges.dropFirst()) {
      #expect(pair.0.upperBound < pair.1.lowerBound)
    }
    for number in Int64(0)...220 { #expect(ranges.contains(number) == numbers.contains(number)) }
    let gaps = ranges.gaps().flatMap { Array($0) }
    #expect(gaps == (1...(sorted.last ?? 0)).filter { !numbers.contains($0) })
    #expect(SequenceRanges(ranges.description) == ranges)
    #expect(SequenceRanges(ranges.ranges.shuffled(using: &chance)) == ranges)
  }

  @Test(arguments: [
    ("{}", "{}"), ("{[1,5),[7,9)}", "{[1,5),[7,9)}"), ("{[7,9),[1,5)}", "{[1,5),[7,9)}"),
    ("{[1,5),[5,9)}", "{[1,9)}"), ("{(0,4]}", "{[1,5)}"), ("{[3,3)}", "{}"),
    ("{[-5,-2)}", "{[-5,-2)}"), ("{[1,9223372036854775807)}", "{[1,9223372036854775807)}"),
  ]) func theTextOfAMultirangeIsRead(_ text: String, _ normal: String) {
    #expect(SequenceRanges(text)?.description == normal)
  }

  @Test(arguments: [
    "", "{", "}", "{[1,5)", "[1,5)", "{[1,5),}", "{[1,)}", "{(,5)}", "{[5,1)}", "{[1,5)}x",
    "{[1 ,5)}", "{[1,5)[6,7)}", "{[1,9223372036854775807]}", "{[a,b)}",
    "{[1,99999999999999999999)}",
  ]) func anyOtherTextIsRefused(_ text: String) {
    #expect(SequenceRanges(text) == nil)
  }

  @Test func theAcknowledgementNamesEveryHoleItPasses() {
    let cases: [(seen: String, through: Int64, missing: [ClosedRange<Int64>])] = [
      ("{}", 0, []),
      ("{[1,101)}", 100, []),
      ("{[1,1190),[1196,1300)}", 1299, [1190...1195]),
      ("{[51,101)}", 100, [1...50]),
      ("{[1,2),[3,4),[5,6)}", 5, [2...2, 4...4]),
    ]
    for (seen, through, missing) in cases {
      let answer = SequenceRanges(seen)?.acknowledgement()
      #expect(answer?.ackThrough == through)
      #expect(answer?.missing == missing)
    }
  }

  @Test func withTooManyHolesTheAcknowledgementStopsBeforeTheFirstUnnamed() {
    let numbers = stride(from: Int64(1), to: 600, by: 2)
    let odd = SequenceRanges(numbers.map { $0..<$0 + 1 })
    let answer = odd.acknowledgement(missingRangesMax: 3)
    #expect(answer.missing == [2...2, 4...4, 6...6])
    #expect(answer.ackThrough == 7)
    #expect(odd.acknowledgement().missing.count == SequenceRanges.missingRangesMax)
  }
}
