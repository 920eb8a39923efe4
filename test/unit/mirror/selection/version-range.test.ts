import { describe, expect, it } from 'vitest';
import { parseTagVersion } from '../../../../shared/mirror/selection/index.ts';
import { parseVersionRange, rangeProblem } from '../../../../shared/mirror/selection/version-range.ts';

describe('a range of versions', () => {
  it.each([
    ['>=22', ['22', '22.1', '22.1.0', '23', '22.1.0-1'], ['21', '21.9.9', '23-rc1']],
    ['>=22.5', ['22.5', '22.5.1', '23'], ['22', '22.4']],
    ['<22.5', ['22.4', '21'], ['22', '22.5']],
    ['>=22 <25', ['22', '24.9.1'], ['25', '25.0.0-rc.1']],
    ['20 || 22', ['20', '22.1.0'], ['21', '23']],
    ['^3.19', ['3.19', '3.20.3'], ['3', '4.0.0', '20240923']],
    ['<=1.2.3', ['1.2.3', '1.2.3.4'], ['1.2.4.0', '1.2']],
    ['>1.2.3', ['1.2.4'], ['1.2.3.4']],
    ['>=24.04', ['24.04', '24.10', '25.04'], ['22.04', '24']],
    ['>=16.2 <17', ['16.2', '16.4'], ['16', '17beta1']],
    ['>=9.0.0-0', ['9.0.0-preview.7', '9.0.0', '9.1.0-rc.1', '9.0'], ['8.0.0-rc.1', '8.0']],
    ['>=9.0.0-rc.1 <10', ['9.0.0-rc.2', '9.0'], ['9.0.0-preview.7', '10.0.0-rc.1']],
    ['>=20240101', ['20240115', '20240101', '202402011200'], ['20231231', '3.20.3']],
    ['*', ['1', '1.0.0'], ['1.0.0-rc.1', '20240101']],
  ])('%s takes %j and not %j', (range, taken, refused) => {
    const { refusal } = parseVersionRange(range);
    const isTaken = (tag: string) => {
      const version = parseTagVersion(tag);
      if (!version) throw new Error(`${tag} is no version`);
      return refusal(version) === undefined;
    };
    expect([...taken, ...refused].filter(isTaken)).toEqual(taken);
  });

  it.each([
    '>=22',
    '22',
    '22.x',
    '*',
    '20 || 22',
    '>=24.04 <25',
    '1.2.3 - 2',
    '>=9.0.0-0',
    ' ~3.1 ',
    '>1.2.3 <=1.2.4',
  ])('is %s', (text) => {
    expect(rangeProblem(text)).toBeUndefined();
  });

  it.each([
    [
      '>=3 <2',
      'no version can be in ">=3 <2"; ranges side by side must all hold, "||" between them means any',
    ],
    ['22 || >=3 <2', 'no version can be in ">=3 <2"'],
    ['>1.2.3 <1.2.4', 'no version can be'],
    ['', 'write "*"'],
    ['20 ||', 'on each side of "||"'],
    ['>=22, <25', 'leave a space between'],
    ['20 or 22', 'write "||"'],
    ['=>22', 'write >= and <='],
    ['>=1.2.3.4', 'at most three numbers'],
    ['>=9-0', 'as in ">=9.0.0-0"'],
    ['latest', 'expected a range of versions, such as ">=22 <25"'],
    ['1'.repeat(201), 'at most 200 characters'],
  ])('is not %j', (text, problem) => {
    expect(rangeProblem(text)).toContain(problem);
  });
});
