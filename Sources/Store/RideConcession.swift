/// Who rode free or at a lower price because of the rider's category, as the reason of a ride says.
///
/// The functions `concession_…` of the schema read the same from the same text.
package struct RideConcession: Hashable, Sendable {
  /// People who rode free: the rider of a category that rides free, without companions.
  package var freePeople: Int64 = 0
  /// People who paid less than the full price.
  package var reducedPeople: Int64 = 0
  /// What they did not pay, minor units.
  package var minor: Int64 = 0

  /// Finds the steps that a category left in a reason.
  package init(reasonJSON: String) {
    var text = reasonJSON
    // Most rides are no concession, and this is asked of each of them.
    guard text.withUTF8({ Self.end(of: Self.anyStep, in: $0[...]) != nil }) else { return }
    text.withUTF8 { bytes in
      if let step = Self.step(Self.freeStep, in: bytes) {
        freePeople = 1
        minor += Self.figure(Self.minorKey, in: step)
      }
      if let step = Self.step(Self.reducedStep, in: bytes) {
        reducedPeople = Self.figure(Self.numberKey, in: step)
        minor += Self.figure(Self.minorKey, in: step)
      }
    }
  }

  /// The query for the people of a ride: `free_people`, `reduced_people` and both as `people`; nobody
  /// where the fare is not known.
  static func query(of ride: String) -> String {
    """
    select p.free_people, p.reduced_people, p.free_people + p.reduced_people as people
    from (select concession_free_people(\(ride).reason) as free_people,
      concession_reduced_people(\(ride).reason) as reduced_people
      where \(ride).charged_minor is not null) p
    """
  }

  // A quote inside of a name is escaped: none of these can stand there.
  private static let anyStep = Array("_category\",".utf8)
  private static let freeStep = Array("\"code\":\"free_category\"".utf8)
  private static let reducedStep = Array("\"code\":\"reduced_category\"".utf8)
  private static let nextStep = Array("\"code\":\"".utf8)
  private static let minorKey = Array("\"minor\":".utf8)
  private static let numberKey = Array("\"number\":".utf8)

  private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

  /// What follows the code of a step, to the next step; nil without the step.
  private static func step(_ code: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> Bytes? {
    guard let start = end(of: code, in: text[...]) else { return nil }
    let rest = text[start...]
    guard let next = end(of: nextStep, in: rest) else { return rest }
    return rest[..<next]
  }

  private static func figure(_ key: [UInt8], in step: Bytes) -> Int64 {
    guard let start = end(of: key, in: step) else { return 0 }
    let digits = step[start...].prefix { (48...57).contains($0) || $0 == 45 }
    return Int64(String(decoding: digits, as: UTF8.self)) ?? 0
  }

  /// The place behind the first occurrence of a word.
  private static func end(of word: [UInt8], in text: Bytes) -> Int? {
    var start = text.startIndex
    while start + word.count <= text.endIndex {
      guard let place = text[start...].firstIndex(of: word[0]) else { return nil }
      if text[place...].starts(with: word) { return place + word.count }
      start = place + 1
    }
    return nil
  }
}
