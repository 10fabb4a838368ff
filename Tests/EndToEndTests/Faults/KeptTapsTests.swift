import Basics
import Foundation
import Tapping
import Testing
import Transit

/// What finds lost and changed taps has to see a change.
@Suite struct KeptTapsTests {
  @Test func aTapThatIsKeptInAnotherWayIsSeen() throws {
    let tap = Tap(
      seq: 7, at: Instant(seconds: 1_795_334_400), kind: .single, medium: .card, token: [1],
      riders: 2, route: "3", direction: 1)
    let kept =
      #"{"seq":7,"at":"2026-11-22T08:00:00Z","state":"rated","medium":"card","riders":2,"#
      + #""route":"3","direction":1}"#
    func isKept(_ line: String) throws -> Bool {
      try JSONDecoder().decode(KeptTaps.Told.self, from: Data(line.utf8)).isOf(tap)
    }
    #expect(try isKept(kept))
    for (right, wrong) in [
      ("08:00:00Z", "08:00:01Z"), (#""card""#, #""bank""#), (#""riders":2"#, #""riders":1"#),
      (#""route":"3""#, #""route":"2""#), (#""direction":1"#, #""direction":0"#),
      (#","direction":1"#, ""),
    ] {
      #expect(try !isKept(kept.replacing(right, with: wrong)), "\(wrong)")
    }
  }
}
