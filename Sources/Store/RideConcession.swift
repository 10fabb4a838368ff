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
    let text = reasonJSON.utf8
    // Most rides are no concession, and this is asked of each of them.
    guard Self.end(of: Self.anyStep, in: text[...]) != nil else { return }
    if let step = Self.step(Self.freeStep, in: text) {
      freePeople = 1
      minor += Self.figure(Self.minorKey, in: step)
    }
    if let step = Self.step(Self.reducedStep, in: text) {
      reducedPeople = Self.figure(Self.numberKey, in: step)
      minor += Self.figure(Self.minorKey, in: step)
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

  private typealias Bytes = Substring.UTF8View

  /// What follows the code of a step, to the next step; nil without the step.
  private static func step(_ code: [UInt8], in text: String.UTF8View) -> Bytes? {
    guard let start = end(of: code, in: text[...]) else { return nil }
    let rest = text[start...]
    guard let next = end(of: nextStep, in: rest) else { return rest }
    return rest[..<next]
  }

  private static func figure(_ key: [UInt8], in step: Bytes) -> Int64 {
    guard let start = end(of: key, in: step) else { return 0 }
    let digits = step[start...].prefix { (48...57).contains($0) || $0 == 45 }
    return Int64(String(Substring(digits))) ?? 0
  }

  /// The place behind the first occurrence of a word.
  private static func end(of word: [UInt8], in text: Bytes) -> String.Index? {
    var start = text.startIndex
    while let place = text[start...].firstIndex(of: word[0]) {
      let rest = text[place...]
      if rest.starts(with: word) {
        return text.index(place, offsetBy: word.count)
      }
      start = text.index(after: place)
    }
    return nil
  }
}
