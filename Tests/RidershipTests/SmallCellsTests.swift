import Ridership
import Testing

@Suite struct SmallCellsTests {
  @Test(arguments: [(0, 0), (1, nil), (4, nil), (5, 5), (17, 17)] as [(Int, Int?)])
  func aGroupSmallerThanKIsHidden(riders: Int, shown: Int?) {
    #expect(SmallCells(ridersMin: 5).shown(riders) == shown)
  }
}
